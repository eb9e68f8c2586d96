import type { MediaCodec } from "../codecs/model.ts";
import type { Sample } from "../samples/model.ts";
import { box, mediaDataHeader, type Piece, serialize } from "./box.ts";
import { fileType, type Mp4Track, movieHeader } from "./movie.ts";
import { type LaidOutSample, ProgressiveTrack } from "./progressive-track.ts";

/**
 * Most samples of one file: more than 24 hours of 60 pictures and 47 sounds a second have, and a header of at most some
 * 300 MB.
 */
export const MAX_PROGRESSIVE_SAMPLES = 10_000_000;

/** Greatest offset that fits into 32 bits. */
const MAX_UINT32 = 0xffff_ffff;
/** Brands for codecs that have one (ISO/IEC 14496-12, annex E; "AV1 Codec ISO Media File Format Binding", section 2.1). */
const CODEC_BRANDS: ReadonlyMap<string, string> = new Map([
  ["h264", "avc1"],
  ["av1", "av01"],
]);

/**
 * Lays out an MP4 file whose header comes before its media: learns size and time of each sample in the order in which
 * they will stand in the file, and then writes the header (ISO/IEC 14496-12). The media need not be at hand.
 */
export class ProgressiveLayout {
  readonly #tracks: readonly Mp4Track[];
  readonly #layouts = new Map<number, ProgressiveTrack>();
  #samples = 0;
  #payloadBytes = 0;
  #lastTrack: number | undefined;

  /** `tracks` have different ids; tracks that get no sample stand in the header all the same. */
  constructor(tracks: readonly Mp4Track[]) {
    this.#tracks = tracks;
    for (const track of tracks) this.#layouts.set(track.id, new ProgressiveTrack(track));
  }

  /** Bytes of all samples together. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** Samples that have been added. */
  get sampleCount(): number {
    return this.#samples;
  }

  /**
   * Adds the next sample of the file. Decode times are those of one timeline for all tracks, each in its own ticks, and
   * rise within a track. Throws a `RangeError` for a track that the file does not have, and beyond
   * `MAX_PROGRESSIVE_SAMPLES`.
   */
  add(trackId: number, sample: LaidOutSample): void {
    const layout = this.#layouts.get(trackId);
    if (!layout) throw new RangeError(`the file has no track ${trackId}`);
    if (this.#samples === MAX_PROGRESSIVE_SAMPLES) {
      throw new RangeError(`a file of more than ${MAX_PROGRESSIVE_SAMPLES} samples`);
    }
    layout.add(sample, this.#payloadBytes, this.#lastTrack === trackId);
    this.#lastTrack = trackId;
    this.#payloadBytes += sample.bytes;
    this.#samples++;
  }

  /**
   * Says that the samples of a track are decoded with this codec's data from the next one on: the track has a sample entry for each, and is as
   * large as the largest of their pictures. Throws a `RangeError` for a track that the file does not have.
   */
  describe(trackId: number, codec: MediaCodec): void {
    const layout = this.#layouts.get(trackId);
    if (!layout) throw new RangeError(`the file has no track ${trackId}`);
    layout.describe(codec);
  }

  /** Adds samples of one track, which then lie one behind the other in the file; as `add`. */
  addSamples(trackId: number, samples: readonly Sample<{ readonly length: number }>[]): void {
    for (const { data, decodeTime, compositionOffset, duration, keyframe } of samples) {
      this.add(trackId, { bytes: data.length, decodeTime, compositionOffset, duration, keyframe });
    }
  }

  /** The ftyp box that `head` begins with, which depends on the tracks alone: it can be sent before any sample is known. */
  fileType(): Uint8Array {
    return serialize(this.#fileType());
  }

  /**
   * All bytes of the file that come before its samples: ftyp, moov and the header of mdat. The presentation begins with
   * what is presented first of all tracks.
   */
  head(): Uint8Array {
    const layouts = [...this.#layouts.values()];
    const earliest = Math.min(...layouts.map(({ start }) => start));
    const start = Number.isFinite(earliest) ? earliest : 0;
    const mdat = mediaDataHeader(this.#payloadBytes);
    const file = this.#fileType();
    const nextTrackId = Math.max(0, ...this.#tracks.map(({ id }) => id)) + 1;
    const duration = Math.max(0, ...layouts.map((layout) => layout.durationFrom(start)));
    const payload = { start: 0, wide: false };
    const movie = () =>
      box("moov", movieHeader(duration, nextTrackId), ...layouts.map((layout) => layout.box(start, payload)));
    let moov = movie();
    payload.start = file.bytes + moov.bytes + mdat.bytes;
    if (payload.start + this.#payloadBytes > MAX_UINT32) {
      payload.wide = true;
      moov = movie();
      payload.start = file.bytes + moov.bytes + mdat.bytes;
    }
    return serialize(file, moov, mdat);
  }

  #fileType(): Piece {
    const own = new Set<string>();
    for (const { codec } of this.#tracks) {
      const brand = CODEC_BRANDS.get(codec.name);
      if (brand) own.add(brand);
    }
    return fileType("ftyp", "isom", 512, ["isom", "iso2", ...own, "mp41"]);
  }
}
