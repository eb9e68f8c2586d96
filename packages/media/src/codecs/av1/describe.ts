import type { MatroskaTrack } from "../../matroska/model.ts";
import { BitstreamError } from "../bit-reader.ts";
import type { KeyFrame } from "../describer.ts";
import { CodecError, type VideoCodec } from "../model.ts";
import { frameRateOfTrack, pictureSize } from "../track-video.ts";
import { findSequenceHeader } from "./open-bitstream-unit.ts";
import { type Av1Sequence, parseAv1Sequence } from "./sequence-header.ts";

/** Fields of an av1C before its open bitstream units (AV1-ISOBMFF, section 2.3.3). */
const RECORD_BYTES = 4;
/** marker 1 and version 1. */
const RECORD_START = 0x81;

function recordOf(sequence: Av1Sequence, unit: Uint8Array): Uint8Array {
  const { profile, level, highTier, bitDepth, monochrome, subsamplingX, subsamplingY, chromaPosition } = sequence;
  const depth = (bitDepth > 8 ? 0x40 : 0) | (bitDepth === 12 ? 0x20 : 0) | (monochrome ? 0x10 : 0);
  const chroma = (subsamplingX << 3) | (subsamplingY << 2) | chromaPosition;
  const record = new Uint8Array(RECORD_BYTES + unit.length);
  record.set([RECORD_START, (profile << 5) | level, (highTier ? 0x80 : 0) | depth | chroma, 0]);
  record.set(unit, RECORD_BYTES);
  return record;
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, "0");
}

/** The codecs parameter (AV1-ISOBMFF, section 5); its optional part only for colours that are not the default. */
function codecString(sequence: Av1Sequence): string {
  const { profile, level, highTier, bitDepth, color } = sequence;
  const base = `av01.${profile}.${twoDigits(level)}${highTier ? "H" : "M"}.${twoDigits(bitDepth)}`;
  if (!color) return base;
  const { subsamplingX, subsamplingY, chromaPosition } = sequence;
  const chroma = `${subsamplingX}${subsamplingY}${subsamplingX + subsamplingY === 2 ? chromaPosition : 0}`;
  const codes = [color.primaries, color.transfer, color.matrix].map(twoDigits).join(".");
  return `${base}.${sequence.monochrome ? 1 : 0}.${chroma}.${codes}.${color.fullRange ? 1 : 0}`;
}

/** Describes an AV1 track from the sequence header in its av1C, or else in its key frame (AV1-ISOBMFF, section 2.3). */
export function describeAv1(track: MatroskaTrack, keyFrame: KeyFrame | undefined): VideoCodec {
  const { codecPrivate } = track;
  const recorded = codecPrivate && codecPrivate.length > 0 ? codecPrivate : undefined;
  if (recorded && (recorded.length < RECORD_BYTES || recorded[0] !== RECORD_START)) {
    throw new BitstreamError("no av1C of version 1");
  }
  const inRecord = recorded && findSequenceHeader(recorded.subarray(RECORD_BYTES));
  const header = inRecord ?? (keyFrame && findSequenceHeader(keyFrame.data));
  if (!header) throw new CodecError("missing-configuration", track.codecId, "no sequence header");
  const sequence = parseAv1Sequence(header.contents);
  return {
    kind: "video",
    name: "av1",
    rfc6381: codecString(sequence),
    ...pictureSize(track, sequence.width, sequence.height, undefined),
    frameRate: sequence.frameRate ?? frameRateOfTrack(track),
    // Frames that others overtake are parts of one temporal unit, which is one frame of the container.
    reorderFrames: 0,
    reorderLimit: 0,
    color: sequence.color,
    configuration: inRecord && recorded ? recorded : recordOf(sequence, header.unit),
    nalLengthBytes: 0,
  };
}
