export type { Ack, AckType } from "./acks.ts";
export { AckParser } from "./acks.ts";
export { type Connection, type Credentials, environmentCredentials, type StreamId } from "./connection.ts";
export { controlPlane, dataEndpoint, streamMembers } from "./control-plane.ts";
export { KinesisVideoError, PutMediaError } from "./errors.ts";
export { type CutOptions, FragmentCutter, type FragmentSink } from "./fragment-cutter.ts";
export type { FragmentInfo } from "./fragment-info.ts";
export type { Frame } from "./frames.ts";
export {
  type GetFragmentsOptions,
  type GetMediaOptions,
  getFragmentListBytes,
  getFragments,
  getMedia,
  getMediaBytes,
  getMediaFrames,
  type ReadOptions,
  type ReceivedFragment,
  type ReceivedFrame,
  readFragments,
  readFrames,
  type StartSelector,
} from "./get-media.ts";
export { MediaProducer, type MediaProducerOptions, type ProducerStatistics } from "./media-producer.ts";
export { type PutMediaSession, putMedia } from "./put-media.ts";
export { PutMediaConnection, type PutMediaOptions, type TimecodeType } from "./put-media-connection.ts";
