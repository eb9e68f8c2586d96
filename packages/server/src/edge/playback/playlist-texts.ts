import type { WireRequest } from "../../aws/wire.ts";
import { hlsLongMedia, hlsMedia, hlsMediaKey } from "../../domain/playback/hls.ts";
import type { PlaybackSession } from "../../domain/playback/session.ts";
import { SharedCache } from "../../domain/playback/shared-cache.ts";
import type { PlaylistWindow } from "../../domain/playback/timeline.ts";
import type { Track } from "../../domain/playback/tracks.ts";
import { acceptsGzip, EncodedText, textGzip } from "./answers.ts";
import { KeptText } from "./kept-text.ts";
import type { ParallelGzip } from "./parallel-gzip.ts";
import type { PlaybackQuery } from "./request.ts";

/** Memory for playlists that will not change, and their compressed forms: one of 24 hours has some 5 MB, or 12 MB with a token in each line. */
const TEXTS_BYTES = 96 * 2 ** 20;
/** Long playlists that are written ahead of the request for them, at a time: what nobody may ask for keeps nobody waiting for long. */
const MAX_PREPARING = 2;

/** A long text that is being written: it is compressed meanwhile, from the moment on at which the first comes who takes it so. */
class Writing {
  #gzip: ParallelGzip | undefined;

  /** Says that somebody takes it compressed. */
  zip(): void {
    this.#gzip ??= textGzip();
  }

  /** Takes what is written so far. */
  take(soFar: Uint8Array): void {
    this.#gzip?.take(soFar);
  }

  /** All of it compressed; undefined where that has not begun. */
  zipped(text: Uint8Array): Promise<Uint8Array> | undefined {
    return this.#gzip?.begun ? this.#gzip.finish(text) : undefined;
  }
}

/** A playlist that changes, as its window had it. */
interface CurrentText {
  readonly window: PlaylistWindow;
  readonly text: EncodedText;
}

/** The texts of playlists and manifests, each made once for all who ask for it, and kept as they are sent. */
export class PlaylistTexts {
  readonly #lasting = new SharedCache<KeptText>(TEXTS_BYTES);
  /** Sessions' Media Playlists as they are now, until their windows move on, by the numbers of their tracks: below 0 those in folders. */
  readonly #current = new WeakMap<PlaybackSession, Map<number, CurrentText>>();
  /** Texts of `#lasting` that are being written, by their keys. */
  readonly #writing = new Map<string, Writing>();
  #preparing = 0;

  /** A text that does not change is made once, and kept as it is sent for as long as there is room. It is held for the caller. */
  kept(key: string, make: () => Promise<string | Uint8Array>): Promise<KeptText> {
    return this.#lasting.get(key, async () => new KeptText(await make()));
  }

  /**
   * The Media Playlist of a track that does not change: all sessions of a range have one text in their folders. It is held for the caller. Rejects
   * as the session's `playlistWindow` does.
   */
  async lasting(request: WireRequest, session: PlaybackSession, track: Track, inFolder: boolean): Promise<KeptText> {
    const window = await session.window();
    const key = inFolder ? hlsMediaKey(session, track, window) : `${session.token}/${track.number}/${window.list}`;
    const isZipped = acceptsGzip(request);
    if (isZipped) this.#writing.get(key)?.zip();
    return this.#lasting.get(key, async () => {
      const writing = new Writing();
      if (isZipped) writing.zip();
      this.#writing.set(key, writing);
      try {
        const onWritten = (soFar: Uint8Array): void => writing.take(soFar);
        const text = await hlsLongMedia(session, track, await session.playlistWindow(), inFolder, onWritten);
        return new KeptText(text, writing.zipped(text));
      } finally {
        this.#writing.delete(key);
      }
    });
  }

  /** Begins to write the long playlist that a player will ask for next. What fails here fails again when it does. */
  prepare(request: WireRequest, session: PlaybackSession): void {
    if (this.#preparing >= MAX_PREPARING) return;
    this.#preparing++;
    const write = async (): Promise<void> => {
      const [main] = await session.tracks();
      (await this.lasting(request, session, main!, true)).memory?.letGo();
    };
    const done = (): void => {
      this.#preparing--;
    };
    write().then(done, done);
  }

  /** The Media Playlist of a track as the window has it: one text for all who ask until that moves on. */
  current(
    session: PlaybackSession,
    track: Track,
    window: PlaylistWindow,
    { inFolder }: Pick<PlaybackQuery, "inFolder">,
  ): EncodedText {
    let texts = this.#current.get(session);
    if (texts === undefined) {
      texts = new Map();
      this.#current.set(session, texts);
    }
    const name = inFolder ? -track.number : track.number;
    const known = texts.get(name);
    if (known?.window === window) return known.text;
    const text = new EncodedText(hlsMedia(session, track, window, inFolder));
    texts.set(name, { window, text });
    return text;
  }
}
