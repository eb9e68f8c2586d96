import { createServer } from "node:net";

/** Where to listen. */
export interface Address {
  /** Name or address, IPv6 without its brackets. */
  readonly host: string;
  /** 0 takes whichever is free. */
  readonly port: number;
}

/** Reads `HOST:PORT`, as the `--listen` option has checked it. */
export function parseAddress(listen: string): Address {
  const colon = listen.lastIndexOf(":");
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(listen.slice(colon + 1)) };
}

/**
 * Listens on `HOST:PORT` for a moment.
 * @throws the error of listen(2), such as EADDRINUSE, where that fails
 */
export function checkAddress(listen: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ ...parseAddress(listen), exclusive: true }, () => server.close(() => resolve()));
  });
}
