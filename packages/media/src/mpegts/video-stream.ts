import { H264_SPS } from "../codecs/h264/decoder-configuration.ts";
import { H265_SPS } from "../codecs/h265/decoder-configuration.ts";
import type { VideoCodec, VideoCodecName } from "../codecs/model.ts";
import { parameterSets } from "../codecs/parameter-sets.ts";
import { concatBytes } from "../matroska/element-writer.ts";
import { compositionShift } from "../mp4/composition-shift.ts";
import type { Sample } from "../samples/model.ts";
import {
  type ElementaryStream,
  noMapping,
  type PesUnit,
  type TransportTrack,
  transportTicks,
} from "./elementary-stream.ts";

const VIDEO_PID = 0x100;
const VIDEO_STREAM_ID = 0xe0;

/** Start codes of four bytes, which the first NAL unit of an access unit must have (ITU-T H.264, Annex B). */
const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** How a transport stream carries a codec (ISO/IEC 13818-1, sections 2.14 and 2.17). */
interface Framing {
  readonly streamType: number;
  /** An access unit delimiter that allows all kinds of slices, with its start code: each access unit begins so. */
  readonly delimiter: Uint8Array;
  readonly delimiterType: number;
  readonly sequenceSetType: number;
  /** Where the type stands in the first byte of a NAL unit. */
  readonly typeShift: number;
  readonly typeMask: number;
}

const FRAMINGS: Readonly<Partial<Record<VideoCodecName, Framing>>> = {
  h264: {
    streamType: 0x1b,
    delimiter: Uint8Array.of(0, 0, 0, 1, 0x09, 0xf0),
    delimiterType: 9,
    sequenceSetType: H264_SPS,
    typeShift: 0,
    typeMask: 0x1f,
  },
  h265: {
    streamType: 0x24,
    delimiter: Uint8Array.of(0, 0, 0, 1, 0x46, 0x01, 0x50),
    delimiterType: 35,
    sequenceSetType: H265_SPS,
    typeShift: 1,
    typeMask: 0x3f,
  },
};

/** An access unit, and how to write it. */
interface VideoUnit extends PesUnit {
  readonly data: Uint8Array;
  /** Whether the parameter sets go before its NAL units. */
  readonly withSets: boolean;
  /** Whether start codes can take the very places of the lengths. */
  readonly inPlace: boolean;
}

function lengthAt(data: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let i = at; i < at + bytes; i++) value = value * 256 + data[i]!;
  return value;
}

/**
 * Ticks by which decoding times are moved back, so that none is after its presentation time: what the codec states,
 * which is the same for each segment, or more where the frames need it.
 */
function decodeShift(codec: VideoCodec, samples: readonly Sample[]): number {
  let shift = compositionShift(codec);
  for (const { compositionOffset } of samples) shift = Math.max(shift, -compositionOffset);
  return shift;
}

class VideoStream implements ElementaryStream {
  readonly pid = VIDEO_PID;
  readonly streamId = VIDEO_STREAM_ID;
  readonly streamType: number;
  readonly units: readonly VideoUnit[];
  readonly #framing: Framing;
  readonly #lengthBytes: number;
  /** The parameter sets with their start codes. */
  readonly #sets: Uint8Array;

  constructor({ samples, timescale }: TransportTrack, codec: VideoCodec, framing: Framing, baseTicks: number) {
    this.streamType = framing.streamType;
    this.#framing = framing;
    this.#lengthBytes = codec.nalLengthBytes;
    this.#sets = concatBytes(parameterSets(codec).flatMap((set) => [START_CODE, set]));
    const shift = decodeShift(codec, samples);
    this.units = samples.map((sample) => {
      const decodeTime = baseTicks + transportTicks(sample.decodeTime, timescale);
      return this.#unitOf(sample, decodeTime, shift, transportTicks(sample.compositionOffset, timescale));
    });
  }

  #unitOf(sample: Sample, decodeTime: number, shift: number, compositionOffset: number): VideoUnit {
    const { data, keyframe } = sample;
    const { delimiter, delimiterType, sequenceSetType, typeMask, typeShift } = this.#framing;
    const lengthBytes = this.#lengthBytes;
    let payloadBytes = delimiter.length;
    let left = data.length;
    let withSets = keyframe;
    let at = 0;
    while (left > lengthBytes) {
      const length = Math.min(lengthAt(data, at, lengthBytes), left - lengthBytes);
      const type = (data[at + lengthBytes]! >> typeShift) & typeMask;
      if (length > 0 && type !== delimiterType) payloadBytes += START_CODE.length + length;
      if (length > 0 && type === sequenceSetType) withSets = false;
      at += lengthBytes + length;
      left = data.length - at;
    }
    const inPlace = payloadBytes === delimiter.length + data.length && lengthBytes === START_CODE.length;
    if (withSets) payloadBytes += this.#sets.length;
    const pts = decodeTime + compositionOffset;
    const dts = decodeTime - shift;
    return { pts, dts, payloadBytes, randomAccess: keyframe, data, withSets, inPlace };
  }

  writePayload(index: number, out: Uint8Array, at: number): void {
    const { data, inPlace, withSets } = this.units[index]!;
    out.set(this.#framing.delimiter, at);
    let end = at + this.#framing.delimiter.length;
    if (withSets) {
      out.set(this.#sets, end);
      end += this.#sets.length;
    }
    if (inPlace) this.#writeInPlace(data, out, end);
    else this.#writeEach(data, out, end);
  }

  #writeInPlace(data: Uint8Array, out: Uint8Array, start: number): void {
    out.set(data, start);
    for (let at = 0; at < data.length; ) {
      const length = lengthAt(data, at, START_CODE.length);
      out[start + at] = 0;
      out[start + at + 1] = 0;
      out[start + at + 2] = 0;
      out[start + at + 3] = 1;
      at += START_CODE.length + length;
    }
  }

  #writeEach(data: Uint8Array, out: Uint8Array, start: number): void {
    const { delimiterType, typeMask, typeShift } = this.#framing;
    const lengthBytes = this.#lengthBytes;
    let end = start;
    for (let at = 0; at + lengthBytes < data.length; ) {
      const first = at + lengthBytes;
      const length = Math.min(lengthAt(data, at, lengthBytes), data.length - first);
      at = first + length;
      if (length === 0 || ((data[first]! >> typeShift) & typeMask) === delimiterType) continue;
      out.set(START_CODE, end);
      out.set(data.subarray(first, at), end + START_CODE.length);
      end += START_CODE.length + length;
    }
  }
}

/**
 * Video as access units with start codes, each behind a delimiter, and with the codec's parameter sets before each key
 * frame that brings none. Throws a `CodecError` for a codec that has no such form.
 */
export function videoStream(track: TransportTrack, baseTicks: number): ElementaryStream {
  const { codec } = track;
  const framing = codec.kind === "video" ? FRAMINGS[codec.name] : undefined;
  if (codec.kind !== "video" || framing === undefined) throw noMapping(track);
  return new VideoStream(track, codec, framing, baseTicks);
}
