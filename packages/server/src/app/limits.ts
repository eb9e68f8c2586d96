import { AWS_CLIP_LIMITS, type ClipLimits, GENEROUS_CLIP_LIMITS } from "../domain/clips/limits.ts";
import {
  AWS_POINT_LIMITS,
  type FragmentPointLimits,
  GENEROUS_POINT_LIMITS,
} from "../domain/fragments/fragment-points.ts";
import { AWS_READER_LIMITS, GENEROUS_READER_LIMITS, type ReaderLimits } from "../domain/fragments/reader-limits.ts";
import { AWS_LIMITS, GENEROUS_LIMITS, type IngestLimits } from "../domain/ingest/limits.ts";
import { AWS_STREAM_LIMITS, GENEROUS_STREAM_LIMITS, type StreamLimits } from "../domain/streams/limits.ts";
import type { CallRate, CallRates } from "../services/call-rates.ts";
import { AWS_CALL_RATES as AWS_CONTROL_RATES } from "../services/kinesis-video/call-rates.ts";
import { AWS_CALL_RATES as AWS_ARCHIVE_RATES } from "../services/kinesis-video-archived-media/call-rates.ts";
import type { JournalLimits } from "../storage/journal/file/limits.ts";
import type { Settings } from "./config/options.ts";

/** 0 stands for "no end" in an option. */
const orForever = (seconds: number): number => (seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000);

/** What producers may do: the chosen preset, with the options that change one limit of it. */
export function ingestLimits(settings: Settings): IngestLimits {
  const preset = settings.limits === "aws" ? AWS_LIMITS : GENEROUS_LIMITS;
  const { maxFragmentSeconds, maxProducerSeconds } = settings;
  return {
    ...preset,
    maxFragmentMs: maxFragmentSeconds === undefined ? preset.maxFragmentMs : maxFragmentSeconds * 1000,
    maxFragmentBytes: settings.maxFragmentBytes ?? preset.maxFragmentBytes,
    maxTracks: settings.maxTracks ?? preset.maxTracks,
    maxFragmentTags: settings.maxFragmentTags ?? preset.maxFragmentTags,
    requireTracks: settings.requireTracks ?? preset.requireTracks,
    order: settings.frameOrder ?? preset.order,
    bytesPerSecond: settings.maxProducerBytesPerSecond ?? preset.bytesPerSecond,
    callsPerSecond: settings.maxCallsPerSecondPerStream ?? preset.callsPerSecond,
    maxSessions: settings.maxProducersPerStream ?? preset.maxSessions,
    maxSessionMs: maxProducerSeconds === undefined ? preset.maxSessionMs : orForever(maxProducerSeconds),
    idleCloseMs: settings.producerIdleSeconds * 1000,
  };
}

/** How many streams there may be. */
export const streamLimits = (settings: Settings): StreamLimits =>
  settings.limits === "aws" ? AWS_STREAM_LIMITS : GENEROUS_STREAM_LIMITS;

/** How the archive writes and how large it may become. */
export const journalLimits = (settings: Settings): Partial<JournalLimits> => ({
  segmentBytes: settings.segmentBytes,
  segmentAgeMs: settings.segmentSeconds * 1000,
  syncsPerSecond: settings.syncsPerSecond,
  ...(settings.minFreeBytes === undefined ? {} : { minFreeBytes: settings.minFreeBytes }),
  ...(settings.maxBytes === 0 ? {} : { maxBytes: settings.maxBytes }),
});

/** What readers may do: the chosen preset, with the options that change one limit of it. */
export function readerLimits(settings: Settings): ReaderLimits {
  const preset = settings.limits === "aws" ? AWS_READER_LIMITS : GENEROUS_READER_LIMITS;
  return {
    ...preset,
    bytesPerSecond: settings.maxReaderBytesPerSecond ?? preset.bytesPerSecond,
    callsPerSecond: settings.maxCallsPerSecondPerStream ?? preset.callsPerSecond,
    maxReaders: settings.maxReadersPerStream ?? preset.maxReaders,
    idleMs: settings.readerIdleSeconds * 1000,
    firstIdleMs: Math.max(preset.firstIdleMs, settings.readerIdleSeconds * 1000),
  };
}

/** How large clips may become. */
export function clipLimits(settings: Settings): ClipLimits {
  const preset = settings.limits === "aws" ? AWS_CLIP_LIMITS : GENEROUS_CLIP_LIMITS;
  return { ...preset, maxBytes: settings.maxClipBytes ?? preset.maxBytes };
}

/** How many fragments the archive's operations may use of one stream. */
export const pointLimits = (settings: Settings): FragmentPointLimits =>
  settings.limits === "aws" ? AWS_POINT_LIMITS : GENEROUS_POINT_LIMITS;

/** How often an operation may be called, for those planes whose calls are counted by operation. */
export interface CallRateLimits {
  control(operation: string): CallRate;
  archive(operation: string): CallRate;
}

/** The chosen preset, with the options that change every rate of it. */
export function callRateLimits(settings: Settings): CallRateLimits {
  const rateIn =
    (aws: CallRates) =>
    (operation: string): CallRate => {
      const preset = settings.limits === "aws" ? aws[operation] : undefined;
      return {
        account: settings.maxCallsPerSecond ?? preset?.account ?? Number.POSITIVE_INFINITY,
        stream: settings.maxCallsPerSecondPerStream ?? preset?.stream ?? Number.POSITIVE_INFINITY,
      };
    };
  return { control: rateIn(AWS_CONTROL_RATES), archive: rateIn(AWS_ARCHIVE_RATES) };
}
