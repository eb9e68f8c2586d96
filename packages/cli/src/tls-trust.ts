import { connect } from "node:tls";
import { isUntrusted, type SystemError } from "./errors.ts";

/** A server of this machine answers at once; what is said of its certificate must not keep the rest back for long. */
const ANSWERS_WITHIN_MS = 2000;

/** Whether a server at an https URL shows a certificate whose authority clients must be told; false where it does not answer. */
export function needsAuthority(url: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "https:") return Promise.resolve(false);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    // Which names it is for is another matter.
    const options = { host, port: Number(port) || 443, checkServerIdentity: () => undefined };
    const socket = connect(options, () => end(false));
    socket.setTimeout(ANSWERS_WITHIN_MS, () => end(false));
    socket.on("error", (error: SystemError) => end(isUntrusted(error)));
  });
}
