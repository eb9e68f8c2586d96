import type { AudioCodec } from "../codecs/model.ts";
import type { Sample } from "../samples/model.ts";
import { ADTS_HEADER_BYTES, adtsSetUp, MAX_ADTS_PAYLOAD, writeAdtsHeader } from "./adts.ts";
import {
  type ElementaryStream,
  noMapping,
  type PesUnit,
  type TransportTrack,
  transportTicks,
} from "./elementary-stream.ts";
import { MAX_AUDIO_PAYLOAD } from "./pes.ts";

const AUDIO_PID = 0x101;
const AUDIO_STREAM_ID = 0xc0;

/** ISO/IEC 13818-1, table 2-34. */
const ADTS_STREAM = 0x0f;
const MPEG1_STREAM = 0x03;
const MPEG2_STREAM = 0x04;
/** MPEG-1 has the sample rates from here on, MPEG-2 their halves (ISO/IEC 13818-3, section 2.4.2.3). */
const LEAST_MPEG1_RATE = 32_000;

/** An MP3 frame has a header of so many bytes; what is shorter is none (ISO/IEC 11172-3, section 2.4.1.3). */
const LEAST_MP3_BYTES = 4;
/** A PES packet holds as many frames as begin within so many milliseconds: some seven of AAC at 48 kHz. */
const GROUP_MS = 150;

/** Frames that share a PES packet. */
interface AudioUnit extends PesUnit {
  /** The samples from `first` up to, not with, `end`. */
  readonly first: number;
  readonly end: number;
}

class AudioStream implements ElementaryStream {
  readonly pid = AUDIO_PID;
  readonly streamId = AUDIO_STREAM_ID;
  readonly streamType: number;
  readonly units: readonly AudioUnit[];
  readonly #samples: readonly Sample[];
  /** The constant part of ADTS headers; undefined for frames that bring their own. */
  readonly #adts: number | undefined;

  constructor(track: TransportTrack, streamType: number, adts: number | undefined, baseTicks: number) {
    this.streamType = streamType;
    this.#adts = adts;
    const [least, most] = adts === undefined ? [LEAST_MP3_BYTES, MAX_AUDIO_PAYLOAD] : [1, MAX_ADTS_PAYLOAD];
    this.#samples = track.samples.filter(({ data }) => data.length >= least && data.length <= most);
    this.units = this.#group(track, baseTicks);
  }

  #group({ codec, timescale }: TransportTrack, baseTicks: number): AudioUnit[] {
    const samples = this.#samples;
    const units: AudioUnit[] = [];
    const groupTicks = (timescale * GROUP_MS) / 1000;
    const headerBytes = this.#adts === undefined ? 0 : ADTS_HEADER_BYTES;
    const nominal = codec.kind === "audio" ? codec.samplesPerFrame : undefined;
    for (let first = 0, end = 0; first < samples.length; first = end) {
      const start = samples[first]!.decodeTime;
      let payloadBytes = 0;
      do {
        payloadBytes += headerBytes + samples[end]!.data.length;
        end++;
      } while (
        end < samples.length &&
        // Only the first frame has a timestamp: the others must follow on without a gap.
        samples[end]!.decodeTime - samples[end - 1]!.decodeTime === nominal &&
        samples[end]!.decodeTime - start < groupTicks &&
        payloadBytes + headerBytes + samples[end]!.data.length <= MAX_AUDIO_PAYLOAD
      );
      const pts = baseTicks + transportTicks(start, timescale);
      units.push({ pts, dts: pts, payloadBytes, randomAccess: first === 0, first, end });
    }
    return units;
  }

  writePayload(index: number, out: Uint8Array, start: number): void {
    const { end, first } = this.units[index]!;
    let at = start;
    for (let i = first; i < end; i++) {
      const { data } = this.#samples[i]!;
      if (this.#adts !== undefined) at = writeAdtsHeader(out, at, this.#adts, data.length);
      out.set(data, at);
      at += data.length;
    }
  }
}

function mp3StreamType({ sampleRate }: AudioCodec): number {
  return sampleRate >= LEAST_MPEG1_RATE ? MPEG1_STREAM : MPEG2_STREAM;
}

/**
 * Sound as AAC with ADTS headers or as MP3, some frames to a PES packet. Frames that are too large or too small for
 * their format are left out. Throws a `CodecError` for a codec that has no such form.
 */
export function audioStream(track: TransportTrack, baseTicks: number): ElementaryStream {
  const { codec } = track;
  if (codec.kind === "audio" && codec.name === "aac")
    return new AudioStream(track, ADTS_STREAM, adtsSetUp(codec, track.track.codecId), baseTicks);
  if (codec.kind === "audio" && codec.name === "mp3")
    return new AudioStream(track, mp3StreamType(codec), undefined, baseTicks);
  throw noMapping(track);
}
