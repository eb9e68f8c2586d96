/** A host name, IPv4 address or bracketed IPv6 address, with an optional port. */
const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Where a request arrived. */
export interface Arrival {
  readonly scheme: "http" | "https";
  /** The Host header, if any. */
  readonly host: string | undefined;
  /** Address and port of the server's end of the connection. */
  readonly localAddress: string;
  readonly localPort: number;
}

/**
 * The URL under which a client reached the server, to be handed back in endpoints: no path, no trailing slash. C producers leave the
 * port out of Host even where it is not the scheme's, so that it is then taken from the connection.
 */
export function baseUrlOf({ scheme, host, localAddress, localPort }: Arrival): string {
  const portSuffix = localPort === DEFAULT_PORTS[scheme] ? "" : `:${localPort}`;
  const match = host === undefined ? null : HOST.exec(host);
  if (match !== null) return match[1] === undefined ? `${scheme}://${host}${portSuffix}` : `${scheme}://${host}`;
  const address = localAddress.includes(":") ? `[${localAddress}]` : localAddress;
  return `${scheme}://${address}${portSuffix}`;
}
