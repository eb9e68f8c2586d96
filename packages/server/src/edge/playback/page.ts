import { readFile } from "node:fs/promises";
import type { WireRequest, WireResponse } from "../../aws/wire.ts";
import { EncodedText, plain, textAnswer } from "./answers.ts";

/** Where the page's own script and style are. */
const OWN = new URL("./page/", import.meta.url);
const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

interface PageFile {
  readonly type: string;
  /** A `file:` URL. */
  readonly location: () => string;
}

const own = (name: string, type: string): PageFile => ({ type, location: () => new URL(name, OWN).href });
const ofHlsJs = (name: string): PageFile => ({
  type: SCRIPT,
  location: () => import.meta.resolve(`hls.js/dist/${name}`),
});

const FILES: ReadonlyMap<string, PageFile> = new Map([
  ["/play", own("index.html", HTML)],
  ["/play/player.css", own("player.css", CSS)],
  ["/play/player.js", own("player.js", SCRIPT)],
  ["/play/session-address.js", own("session-address.js", SCRIPT)],
  ["/play/hls.js", ofHlsJs("hls.min.mjs")],
  ["/play/hls.worker.js", ofHlsJs("hls.worker.js")],
]);

/**
 * Nothing but the server itself is spoken to, and nothing written in the page is run (Content Security Policy Level 3). The video is fed by
 * the script, which `blob:` names.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const HEADERS = {
  // Kept by browsers, and asked after each time: a new version of the server has all of its files at once.
  "Cache-Control": "no-cache",
  "Content-Security-Policy": POLICY,
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
} as const;

/** Whether somebody looks what is here with a browser; clients of the API, which have no resource there, do not ask for HTML. */
const isVisit = ({ method, headers }: WireRequest, path: string): boolean =>
  path === "/" && (method === "GET" || method === "HEAD") && (headers.accept ?? "").includes("text/html");

/**
 * `GET /play`, a page that plays HLS sessions with hls.js, and its files. The session's URL stands in the fragment of the page's,
 * `/play#https://.../hls/v1/...`, which browsers keep to themselves. The page holds nothing that needs a credential.
 * Browsers that ask for `/` are led there.
 */
export class PlaybackPage {
  readonly #files = new Map<string, Promise<EncodedText>>();

  /** Answers a request for the page or one of its files; undefined where it is none. Rejects where the installation has lost a file. */
  answer(request: WireRequest): Promise<WireResponse> | undefined {
    const path = request.target.split("?", 1)[0]!;
    if (isVisit(request, path)) return Promise.resolve(plain(302, "See /play.", { ...HEADERS, Location: "/play" }));
    const file = FILES.get(path);
    if (file === undefined) return undefined;
    if (request.method === "GET" || request.method === "HEAD") return this.#send(request, path, file);
    return Promise.resolve(
      plain(405, `${request.method} is not allowed here; use GET or HEAD.`, { Allow: "GET, HEAD" }),
    );
  }

  async #send(request: WireRequest, path: string, { type, location }: PageFile): Promise<WireResponse> {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = readFile(new URL(location())).then((content) => new EncodedText(content));
      this.#files.set(path, file);
      file.catch(() => this.#files.delete(path));
    }
    return textAnswer(request, await file, { ...HEADERS, "Content-Type": type });
  }
}
