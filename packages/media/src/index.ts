export { decodeUtf8, encodeUtf8 } from "./bytes/utf8.ts";
export { describeTrack } from "./codecs/describe-track.ts";
export { LengthPrefixCheck, nalLengthBytesOf } from "./codecs/length-prefix-check.ts";
export {
  type AudioCodec,
  type AudioCodecName,
  CodecError,
  type CodecErrorCode,
  type MediaCodec,
  type Ratio,
  type VideoCodec,
  type VideoCodecName,
  type VideoColor,
} from "./codecs/model.ts";
export { LEADING_BYTES, splitFrame, toAnnexB } from "./codecs/nal-units.ts";
export { parameterSets } from "./codecs/parameter-sets.ts";
export { manifest, manifestInTurns } from "./dash/manifest.ts";
export type {
  AdaptationSet,
  DynamicManifest,
  Manifest,
  Period,
  Representation,
  SegmentTemplate,
  StaticManifest,
  TimelineSegment,
  UtcTiming,
} from "./dash/model.ts";
export { AsciiWriter } from "./hls/ascii-writer.ts";
export { mediaPlaylist, skippableSegments, targetDurationFor } from "./hls/media-playlist.ts";
export { expectedBytes, MediaPlaylistWriter, type WriterHead } from "./hls/media-playlist-writer.ts";
export type {
  AudioRendition,
  LowLatency,
  MediaPlaylist,
  MediaPlaylistEnd,
  MultivariantPlaylist,
  PlaylistPart,
  PlaylistSegment,
  RenditionReport,
  SegmentStart,
  VariantStream,
} from "./hls/model.ts";
export { multivariantPlaylist } from "./hls/multivariant-playlist.ts";
export { TextWriter } from "./hls/text-writer.ts";
export { clusterHeader, type SimpleBlockSettings, simpleBlock, simpleBlockHeader } from "./matroska/cluster-writer.ts";
export {
  DEFAULT_MAX_BLOCK_BYTES,
  MatroskaDemuxer,
  type MatroskaDemuxerOptions,
  type MatroskaPacketHandler,
} from "./matroska/demuxer.ts";
export { concatBytes, kvsTags, segmentHeader, type TagPair, tags, voidElement } from "./matroska/element-writer.ts";
export { MatroskaError, type MatroskaErrorCode } from "./matroska/error.ts";
export {
  type FragmentStreamHandler,
  FragmentStreamReader,
  type MediaFragment,
} from "./matroska/fragment-stream-reader.ts";
export {
  DEFAULT_LIMITS,
  type MatroskaLimits,
  type MatroskaReaderOptions,
  type MatroskaStreamHandler,
} from "./matroska/handler.ts";
export {
  ebmlHeader,
  type InfoSettings,
  infoElement,
  type TrackSettings,
  tracksElement,
} from "./matroska/header-writer.ts";
export type {
  MatroskaAudio,
  MatroskaBlock,
  MatroskaCluster,
  MatroskaHeader,
  MatroskaLacing,
  MatroskaSimpleTag,
  MatroskaTags,
  MatroskaTrack,
  MatroskaTrackType,
  MatroskaVideo,
} from "./matroska/model.ts";
export type { MatroskaPacket, PacketSink } from "./matroska/packet.ts";
export { type CuePoint, cuesElement, type SeekTarget, seekHead } from "./matroska/seek-writer.ts";
export { MatroskaStreamReader } from "./matroska/stream-reader.ts";
export { selectTracks } from "./matroska/track-selection.ts";
export { initSegment } from "./mp4/init-segment.ts";
export {
  type MediaSegment,
  mediaSegment,
  rebase,
  type SegmentSettings,
  type SegmentTrack,
} from "./mp4/media-segment.ts";
export type { Mp4Track } from "./mp4/movie.ts";
export { MAX_PROGRESSIVE_SAMPLES, ProgressiveLayout } from "./mp4/progressive-layout.ts";
export type { LaidOutSample } from "./mp4/progressive-track.ts";
export { TRANSPORT_START_TICKS, type TransportSegmentSettings, transportSegment } from "./mpegts/transport-segment.ts";
export { assembleSamples, layOutFrames } from "./samples/assemble.ts";
export { coverSpan, fillSilence, type Span, spanOf } from "./samples/fill-silence.ts";
export { frameSamples, frameSamplesBySize } from "./samples/frame-samples.ts";
export { containerFrame } from "./samples/frames.ts";
export { holdFirstPicture } from "./samples/hold-picture.ts";
export {
  type CodedSamples,
  type Sample,
  type TimedFrame,
  type TimedPacket,
  type TrackSamples,
  VIDEO_TIMESCALE,
} from "./samples/model.ts";
