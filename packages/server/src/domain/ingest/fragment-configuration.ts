import { crc32 } from "node:zlib";
import {
  CodecError,
  describeTrack,
  LEADING_BYTES,
  type MatroskaBlock,
  type MatroskaHeader,
  type MatroskaTrack,
} from "@kvass/media";
import { configurationOf } from "../fragments/configuration.ts";

/** A video track, and what its key frames say of it. */
class PictureTrack {
  readonly track: MatroskaTrack;
  /** What its header says of the pictures. */
  readonly declared: string | undefined;
  /** Whether its first frame in this fragment is still to come. */
  isAwaited = false;
  /** CRC-32 of what the last key frame that began a fragment said of the pictures; 0 where that is what the header says. */
  sent = 0;

  constructor(track: MatroskaTrack) {
    this.track = track;
    this.declared = picturesOf(track);
  }
}

/**
 * The configurations of the fragments of one Matroska header: that of the header, unless the key frame that a fragment begins with brings
 * parameter sets for other pictures, as those of cameras do that change their resolution without a new connection. A fragment that begins with no
 * key frame goes on with what the one before it had.
 */
export class FragmentConfiguration {
  readonly #header: number;
  readonly #tracks: readonly PictureTrack[];
  /** Tracks whose first frame is awaited. */
  #awaited = 0;
  /** The beginning of the frame in progress of such a track. */
  #start: Uint8Array | undefined;
  #length = 0;
  /** See `FragmentSummary.configuration`: of the fragment in progress, as far as its frames have come. */
  value: number;

  constructor(header: MatroskaHeader) {
    this.#header = configurationOf(header);
    this.#tracks = header.tracks.filter(({ type }) => type === "video").map((track) => new PictureTrack(track));
    this.value = this.#header;
  }

  /** Begins with the next fragment. */
  begin(): void {
    for (const track of this.#tracks) track.isAwaited = true;
    this.#awaited = this.#tracks.length;
    this.#length = 0;
  }

  /** Takes the next bytes of a block's frames; see `MatroskaStreamHandler.onBlockPayload`. */
  addPayload(chunk: Uint8Array, start: number, end: number, { trackNumber }: MatroskaBlock): void {
    if (this.#awaited === 0 || this.#length === LEADING_BYTES || this.#awaitedTrack(trackNumber) === undefined) return;
    this.#start ??= new Uint8Array(LEADING_BYTES);
    const taken = Math.min(end - start, LEADING_BYTES - this.#length);
    this.#start.set(chunk.subarray(start, start + taken), this.#length);
    this.#length += taken;
  }

  /** Takes a block whose frames have been added. */
  add({ trackNumber, keyframe, frameCount, payloadBytes }: MatroskaBlock): void {
    if (this.#awaited === 0) return;
    const awaited = this.#awaitedTrack(trackNumber);
    if (awaited === undefined) return;
    awaited.isAwaited = false;
    this.#awaited--;
    if (keyframe && frameCount === 1 && this.#start !== undefined) {
      const pictures = picturesOf(awaited.track, this.#start.subarray(0, this.#length), payloadBytes);
      awaited.sent = pictures === undefined || pictures === awaited.declared ? 0 : crc32(pictures);
      this.value = this.#tracks.reduce(addSent, this.#header);
    }
    this.#length = 0;
  }

  #awaitedTrack(number: number): PictureTrack | undefined {
    return this.#tracks.find(({ track, isAwaited }) => isAwaited && track.number === number);
  }
}

const addSent = (sum: number, { track, sent }: PictureTrack): number =>
  sent === 0 ? sum : crc32(`${track.number} ${sent}`, sum);

/** What decoders of the pictures are set up for, equal for equal ones; undefined where nothing tells. */
function picturesOf(track: MatroskaTrack, keyFrame?: Uint8Array, bytes?: number): string | undefined {
  try {
    const codec = describeTrack(track, keyFrame, bytes);
    if (codec.kind === "audio") return undefined;
    const { rfc6381, width, height, displayWidth, displayHeight, color } = codec;
    return JSON.stringify([rfc6381, width, height, displayWidth, displayHeight, color]);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
