/** Plays the HLS session that the fragment of this page's URL names. */
import Hls from "./hls.js";
import { isLowLatency, sessionAddress } from "./session-address.js";

/** How often the line under the picture is written, in milliseconds. */
const REFRESH_MS = 250;
/** What is shown may be this much older than now and still be called live, in milliseconds: the longest fragments, several of them. */
const LIVE_MS = 60_000;
/** A server that does not answer is asked again after so long, in milliseconds. */
const RETRY_MS = 2000;
/** A decoder that fails again so soon after it was begun anew will not get better, in milliseconds. */
const DECODER_REST_MS = 5000;
/** Seconds of what was seen that stay in memory, to go back to. */
const BACK_BUFFER_SECONDS = 90;
/**
 * Target durations behind the newest segment: one is on its way, one in hand. Playlists of five segments have no room for much more.
 * Low-latency playlists say themselves how near one may be (PART-HOLD-BACK), and hls.js heeds that unless it is given a count.
 */
const LIVE_DELAY_TARGETS = 2;
/**
 * How much faster playback may be while it is too far behind what arrives with low latency: a start that was a second late is made up for within
 * some five seconds, the faster the farther.
 */
const CATCH_UP_RATE = 1.25;
/**
 * Seconds that playback with low latency stays farther behind after each halt: half a part, so that a single one, as at a start on a busy machine, does
 * not double the distance.
 */
const HALT_DELAY_SECONDS = 0.25;
/** So near to the end of what has come playback stands still, in seconds: the frames that it had left were shown. */
const END_SECONDS = 0.1;
const UNREACHABLE = "The server does not answer.";

const find = (id) => document.getElementById(id);
const video = find("video");

/**
 * hls.js seeks back to its usual distance from the newest once the playhead is beyond the last segment, as sound that outlasts its pictures brings it,
 * and again each time it comes there: while nothing arrives it would show the same seconds over and over. From there it seeks forward only.
 */
class Player extends Hls {
  get liveSyncPosition() {
    const position = super.liveSyncPosition;
    const { edge = 0, targetduration = 0 } = this.latestLevelDetails ?? {};
    const isAtEnd = video.currentTime > edge && video.currentTime < edge + targetduration;
    return isAtEnd && position < video.currentTime ? null : position;
  }
}

let player;
let retry;
let decoderBegun = Number.NEGATIVE_INFINITY;

function tell(text, link) {
  const notice = find("notice");
  notice.textContent = text;
  notice.hidden = text === "";
  if (link === undefined) return;
  const anchor = document.createElement("a");
  anchor.href = link;
  anchor.textContent = "Open its page";
  notice.append(" ", anchor);
}

/** Ends playback for good; another session can be named. */
function giveUp(text) {
  stop();
  tell(text);
  find("screen").hidden = true;
  find("opener").hidden = false;
}

function stop() {
  clearTimeout(retry);
  player?.destroy();
  player = undefined;
}

function open() {
  stop();
  tell("");
  const { url, problem, elsewhere } = sessionAddress(location.hash, location.href);
  find("screen").hidden = url === undefined;
  find("opener").hidden = url !== undefined;
  if (problem !== undefined) tell(problem, elsewhere);
  if (url === undefined) return;
  if (Hls.isSupported()) playWithHlsJs(url);
  else if (video.canPlayType("application/vnd.apple.mpegurl") !== "") video.src = url;
  else tell("This browser can play no HLS: it has no Media Source Extensions.");
}

/** Plays from `startPosition` in seconds; -1 is where the session begins, or its newest. */
function playWithHlsJs(url, startPosition = -1) {
  const workerPath = new URL("hls.worker.js", import.meta.url).href;
  player = new Player({
    workerPath,
    startPosition,
    backBufferLength: BACK_BUFFER_SECONDS,
    ...(isLowLatency(url)
      ? { liveSyncOnStallIncrease: HALT_DELAY_SECONDS }
      : { liveSyncDurationCount: LIVE_DELAY_TARGETS }),
    maxLiveSyncPlaybackRate: CATCH_UP_RATE,
  });
  player.on(Hls.Events.ERROR, (_event, failure) => {
    if (failure.fatal) void handle(url, failure);
  });
  player.on(Hls.Events.FRAG_BUFFERED, () => tell(""));
  player.attachMedia(video);
  player.loadSource(url);
}

/** hls.js gives up for good; what can still be done about it is done here. */
async function handle(url, { type, details, error }) {
  const failed = player;
  if (details === "manifestIncompatibleCodecsError") {
    giveUp(`This browser cannot decode what the stream holds. ${error?.message ?? ""}`);
    return;
  }
  if (type === Hls.ErrorTypes.MEDIA_ERROR && performance.now() - decoderBegun > DECODER_REST_MS) {
    decoderBegun = performance.now();
    failed.recoverMediaError();
    return;
  }
  const refusal = await reasonOf(url);
  if (player !== failed) return;
  if (refusal !== undefined && refusal.text !== UNREACHABLE) {
    const advice = refusal.isForGood ? "" : " A new URL comes from kvass play or GetHLSStreamingSessionURL.";
    giveUp(refusal.text + advice);
  } else if (type === Hls.ErrorTypes.NETWORK_ERROR) {
    const position = failed.latestLevelDetails?.live === false ? video.currentTime : undefined;
    stop();
    tell(`${refusal?.text ?? "Loading failed."} Trying again.`);
    retry = setTimeout(() => playWithHlsJs(url, position), RETRY_MS);
  } else giveUp(`Playback failed: ${error?.message ?? details}`);
}

/**
 * Why the server refuses the session, in its own words, and whether there can be no other one: 410 is that the stream is gone (RFC 9110, section
 * 15.5.11). Undefined where it does not refuse.
 */
async function reasonOf(url) {
  try {
    const answer = await fetch(url, { cache: "no-store" });
    if (answer.ok) return undefined;
    const text = (await answer.text()).trim() || `The server answered ${answer.status}.`;
    return { text, isForGood: answer.status === 410 };
  } catch {
    return { text: UNREACHABLE, isForGood: false };
  }
}

/** When what is on the screen was recorded, where the playlist tells. */
function momentShown() {
  if (player !== undefined) return player.playingDate ?? undefined;
  const start = video.getStartDate?.().getTime();
  return Number.isFinite(start) ? new Date(start + video.currentTime * 1000) : undefined;
}

function refresh() {
  const moment = momentShown();
  const details = player?.latestLevelDetails ?? undefined;
  const moves = details?.live ?? video.duration === Number.POSITIVE_INFINITY;
  const age = moment === undefined ? undefined : Date.now() - moment.getTime();
  const live = moves && (age === undefined || age < LIVE_MS);
  const left = details === undefined ? undefined : details.edge - video.currentTime;
  const begun = video.readyState > 0;
  const waits = begun && moves && video.readyState < video.HAVE_FUTURE_DATA && left < END_SECONDS;
  const newest = player?.liveSyncPosition;
  const isFar = moves && newest > video.currentTime + (details?.targetduration ?? 0);
  find("kind").textContent = begun ? kindOf({ waits, live, moves }) : "Loading";
  find("kind").dataset.live = String(begun && live && !waits);
  find("moment").textContent = moment === undefined ? "" : moment.toISOString().replace("T", " ");
  find("moment").dateTime = moment?.toISOString() ?? "";
  if (waits) find("latency").textContent = "nothing newer has come";
  else if (live && age > 0) find("latency").textContent = `${(age / 1000).toFixed(1)} s behind live`;
  else find("latency").textContent = isFar ? `${left.toFixed(1)} s behind the newest` : "";
  find("newest").hidden = !isFar;
}

function kindOf({ waits, live, moves }) {
  if (waits) return "Waiting";
  if (live) return "Live";
  return moves ? "Replay" : "Recorded";
}

find("newest").addEventListener("click", () => {
  video.currentTime = player.liveSyncPosition;
  void video.play();
});
find("opener").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = find("address").value.trim();
});
video.addEventListener("error", () => {
  if (player === undefined) void reasonOf(video.src).then((reason) => giveUp(reason?.text ?? "Playback failed."));
});
window.addEventListener("hashchange", open);
setInterval(refresh, REFRESH_MS);
open();
