/**
 * Runs in the browser: plays a session with one of the players and keeps what is on the screen, frame by frame. `coded-video.ts` says how a
 * frame tells its number.
 */
/** A player that has so many seconds of media, of every track, does not wait for more. */
const IN_HAND_SECONDS = 0.5;

const find = () => document.querySelector("video");

/** Each begins playback and returns how its player tells when what is shown was recorded: milliseconds since the epoch, or undefined. */
const PLAYERS = {
  "hls.js": async (video, url, options, fail) => {
    await load("/hls.js");
    const hls = new Hls(options);
    hls.on(Hls.Events.ERROR, (_event, { fatal, details, error }) => {
      if (fatal) fail(`${details}: ${error?.message}`);
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
    hls.attachMedia(video);
    hls.loadSource(url);
    return () => hls.playingDate?.getTime();
  },
  "Shaka Player": async (video, url, options, fail) => {
    await load("/shaka.js");
    const player = new shaka.Player();
    await player.attach(video);
    player.addEventListener("error", ({ detail }) => fail(`${detail.code}: ${detail.message}`));
    player.configure(options);
    await player.load(url);
    await video.play();
    // Where a manifest tells no date it counts from 1970 on.
    return () => (player.isLive() || /\.m3u8/.test(url) ? player.getPlayheadTimeAsDate()?.getTime() : undefined);
  },
  "dash.js": async (video, url, options, fail) => {
    await load("/dash.js");
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE }, ...options });
    player.on(dashjs.MediaPlayer.events.ERROR, ({ error }) => fail(`${error.code}: ${error.message}`));
    // It begins by itself, and does not look at the manifest again where another begins before it.
    player.initialize(video, url, true);
    return () => undefined;
  },
};

function load(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${src} does not load`));
    document.head.append(script);
  });
}

/** Keeps each frame as it is shown: its time in the video, the number that is drawn in it, and the moment that the player tells. */
class Observer {
  frames = [];
  /** Times at which playback had to wait for media after its first frame, but for seeks. */
  stalls = [];
  /** Times at which it waited with media in hand: for the machine. */
  pauses = [];
  errors = [];
  momentOf = () => undefined;
  #video;
  #coded;
  #context;

  constructor(video, coded) {
    this.#video = video;
    this.#coded = coded;
    const canvas = new OffscreenCanvas(coded.width, coded.box);
    this.#context = canvas.getContext("2d", { willReadFrequently: true });
    video.addEventListener("waiting", () => {
      if (video.seeking || this.frames.length === 0) return;
      (this.#inHand() < IN_HAND_SECONDS ? this.stalls : this.pauses).push(video.currentTime);
    });
    video.addEventListener("error", () => this.errors.push(video.error?.message || "the video element failed"));
    const shown = (_now, { mediaTime }) => {
      this.#keep(mediaTime);
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  }

  /** Where the player has no media for what was played since the first of the frames: it was never there, or was thrown away. */
  get holes() {
    const from = this.frames[0]?.time ?? Number.POSITIVE_INFINITY;
    const ranges = this.#video.buffered;
    const holes = [];
    for (let index = 1; index < ranges.length; index++) {
      const hole = [ranges.end(index - 1), ranges.start(index)];
      if (hole[1] > from && hole[0] < this.#video.currentTime) holes.push(hole);
    }
    return holes;
  }

  /** Seconds of media that are there from here on. */
  #inHand() {
    const { buffered, currentTime } = this.#video;
    for (let index = 0; index < buffered.length; index++) {
      if (buffered.start(index) <= currentTime && currentTime < buffered.end(index))
        return buffered.end(index) - currentTime;
    }
    return 0;
  }

  #keep(time) {
    const moment = this.momentOf();
    const ahead = (this.#video.currentTime - time) * 1000;
    this.frames.push({ time, number: this.#number(), moment: moment === undefined ? null : moment - ahead });
  }

  #number() {
    const { width, height, box, bits } = this.#coded;
    this.#context.drawImage(this.#video, 0, height - box, width, box, 0, 0, width, box);
    const { data } = this.#context.getImageData(0, box / 2, width, 1);
    let number = 0;
    // The green of the pixel in the middle of each box.
    for (let bit = 0; bit < bits; bit++) if (data[(bit + 0.5) * box * 4 + 1] > 127) number += 2 ** bit;
    return number;
  }
}

let observer;

/** Begins to watch the page's video; `name` and `url` where a player has to be started first. */
globalThis.watch = async (coded, name, url, options = {}) => {
  const video = find();
  observer = new Observer(video, coded);
  if (name === undefined) return;
  const momentOf = await PLAYERS[name](video, url, options, (error) => observer.errors.push(error));
  observer.momentOf = momentOf;
};

globalThis.seek = (time) => {
  const video = find();
  return new Promise((resolve) => {
    const sought = () => {
      observer.frames.length = 0;
      resolve();
    };
    video.addEventListener("seeked", sought, { once: true });
    video.currentTime = time;
  });
};

globalThis.observed = () => {
  const video = find();
  const { frames, holes, stalls, pauses, errors } = observer;
  const ranges = video.seekable;
  return {
    frames,
    holes,
    stalls,
    pauses,
    errors,
    time: video.currentTime,
    now: Date.now(),
    seekable: ranges.length === 0 ? [0, 0] : [ranges.start(0), ranges.end(ranges.length - 1)],
    audioBytes: video.webkitAudioDecodedByteCount,
  };
};
