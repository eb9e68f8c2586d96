import type { AudioCodec, AudioCodecName, MediaCodec, VideoCodec, VideoCodecName } from "../codecs/model.ts";
import { box, fields, fullBox, type Piece } from "./box.ts";
import { decoderDescriptor } from "./decoder-descriptor.ts";
import { opusSpecific } from "./opus-specific.ts";

/** Pixels an inch, as 16.16: the 72 that the format asks for (ISO/IEC 14496-12, section 12.1.3). */
const RESOLUTION = 0x0048_0000;
const COMPRESSOR_NAME_BYTES = 32;
const DEPTH = 0x18;
const SAMPLE_BITS = 16;
/** Sizes stop here and rates above it become 0, since decoders ask the codec's own set-up anyway. */
const MAX_UINT16 = 0xffff;

function bytesOf(data: Uint8Array): Piece {
  return fields(data.length, (out) => out.copy(data));
}

const CONFIGURATIONS: Readonly<Record<VideoCodecName, (codec: VideoCodec) => Piece>> = {
  h264: ({ configuration }) => box("avcC", bytesOf(configuration)),
  h265: ({ configuration }) => box("hvcC", bytesOf(configuration)),
  av1: ({ configuration }) => box("av1C", bytesOf(configuration)),
  vp9: ({ configuration }) => fullBox("vpcC", 1, 0, bytesOf(configuration)),
};

function colorBox({ color }: VideoCodec): Piece[] {
  if (!color) return [];
  const { primaries, transfer, matrix, fullRange } = color;
  const nclx = fields(11, (out) => {
    out.ascii("nclx");
    out.u16(primaries);
    out.u16(transfer);
    out.u16(matrix);
    out.u8(fullRange ? 0x80 : 0);
  });
  return [box("colr", nclx)];
}

function aspectBox({ sampleAspect: { numerator, denominator } }: VideoCodec): Piece[] {
  if (numerator === denominator) return [];
  const ratio = fields(8, (out) => {
    out.u32(numerator);
    out.u32(denominator);
  });
  return [box("pasp", ratio)];
}

/** What every sample entry begins with: it refers to the first data reference. */
const REFERENCE = fields(8, (out) => {
  out.zeros(6);
  out.u16(1);
});

function videoEntry(codec: VideoCodec): Piece {
  const picture = fields(70, (out) => {
    out.zeros(16);
    out.u16(Math.min(codec.width, MAX_UINT16));
    out.u16(Math.min(codec.height, MAX_UINT16));
    out.u32(RESOLUTION);
    out.u32(RESOLUTION);
    out.zeros(4);
    out.u16(1); // frame_count
    out.zeros(COMPRESSOR_NAME_BYTES);
    out.u16(DEPTH);
    out.u16(-1);
  });
  const configuration = CONFIGURATIONS[codec.name](codec);
  const type = codec.rfc6381.slice(0, 4);
  return box(type, REFERENCE, picture, configuration, ...colorBox(codec), ...aspectBox(codec));
}

/** Types of the entries, and what each holds behind the general fields. */
const AUDIO_ENTRIES: Readonly<Record<AudioCodecName, readonly [type: string, ((codec: AudioCodec) => Piece)?]>> = {
  aac: ["mp4a", decoderDescriptor],
  mp3: ["mp4a", decoderDescriptor],
  opus: ["Opus", opusSpecific],
  pcma: ["alaw"],
  pcmu: ["ulaw"],
};

function audioEntry(codec: AudioCodec): Piece {
  const [type, configuration] = AUDIO_ENTRIES[codec.name];
  const sound = fields(20, (out) => {
    out.zeros(8);
    out.u16(codec.channels);
    out.u16(SAMPLE_BITS);
    out.zeros(4);
    out.u16(codec.sampleRate > MAX_UINT16 ? 0 : codec.sampleRate);
    out.u16(0);
  });
  return box(type, REFERENCE, sound, ...(configuration ? [configuration(codec)] : []));
}

/**
 * The sample entry that says how a track's samples are decoded (ISO/IEC 14496-12, sections 12.1.3 and 12.2.3;
 * ISO/IEC 14496-14 and -15; "AV1 Codec ISO Media File Format Binding"; "VP Codec ISO Media File Format Binding";
 * "Encapsulation of Opus in ISO Base Media File Format").
 */
export function sampleEntry(codec: MediaCodec): Piece {
  return codec.kind === "video" ? videoEntry(codec) : audioEntry(codec);
}
