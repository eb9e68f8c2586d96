/** Where a session is, or why the page cannot play it. */

/**
 * What the fragment of the page's URL asks for. A fragment stays in the browser, so that the session's token is in no log.
 * @param {string} hash `#` and a session URL, percent-encoded or as it is
 * @param {string} page the page's own URL
 * @returns {{ url?: string, problem?: string, elsewhere?: string }} `url` of the session's playlist; `problem` where it cannot be played
 *   here, and the page that can as `elsewhere`; none of them where nothing is asked for
 */
export function sessionAddress(hash, page) {
  const text = decoded(hash.replace(/^#/, "")).trim();
  if (text === "") return {};
  const base = text.startsWith("/") ? page : undefined;
  if (!URL.canParse(text, base)) return { problem: "What follows # in the address is no URL of a session." };
  const url = new URL(text, base);
  if (!/^https?:$/.test(url.protocol)) return { problem: "A session has a URL that begins with http:// or https://." };
  if (/\/dash\/|\.mpd$/.test(url.pathname)) {
    return {
      problem: "This is a DASH session, and this page plays HLS. Give its URL to dash.js, Shaka Player, mpv or VLC.",
    };
  }
  const elsewhere = `${url.origin}/play#${url.href}`;
  if (url.origin !== new URL(page).origin) return { problem: `The session is one of ${url.origin}.`, elsewhere };
  return { url: url.href };
}

/**
 * Whether a session's playlists are those of low latency.
 * @param {string} url
 */
export const isLowLatency = (url) => new URL(url).searchParams.get("LowLatency") === "1";

/** @param {string} text */
function decoded(text) {
  if (!/^https?%3A/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
