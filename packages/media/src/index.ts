export { MatroskaError, type MatroskaErrorCode } from "./matroska/error.ts";
export {
  DEFAULT_LIMITS,
  type MatroskaLimits,
  type MatroskaReaderOptions,
  type MatroskaStreamHandler,
} from "./matroska/handler.ts";
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
export { MatroskaStreamReader } from "./matroska/stream-reader.ts";
