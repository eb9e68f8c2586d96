import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Whoever closed or refused a connection a moment ago answers this one as fast; a probe must not keep the error back for long. */
const ANSWERS_WITHIN_MS = 2000;

/** What is wrong with an endpoint where its server speaks TLS and the URL says http, or the reverse; undefined where neither is so. */
export async function schemeMixUp(endpoint: string | undefined): Promise<string | undefined> {
  if (endpoint === undefined) return undefined;
  const url = new URL(endpoint);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  const speaksTls = await answers((done) =>
    // Whom the certificate is for, and who vouches for it, does not matter here: nothing is sent.
    connectTls({ host, port, rejectUnauthorized: false }, done),
  );
  if (url.protocol === "http:")
    return speaksTls ? `${url.origin}: the server speaks TLS; use https://${url.host}` : undefined;
  if (speaksTls || !(await answers((done) => connectTcp({ host, port }, done)))) return undefined;
  return `${url.origin}: no TLS comes about; is it http://${url.host}?`;
}

/** Whether a connection comes about in time. */
function answers(open: (done: () => void) => Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    const socket = open(() => end(true));
    socket.setTimeout(ANSWERS_WITHIN_MS, () => end(false));
    socket.on("error", () => end(false));
  });
}
