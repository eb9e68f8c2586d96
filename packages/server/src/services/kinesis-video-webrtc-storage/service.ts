import type { OperationHandler } from "../../aws/handler.ts";

/** Input of JoinStorageSession. C clients join as viewers on this path too, with a `clientId` beside the channel. */
export interface JoinStorageSessionInput {
  channelArn: string;
  clientId?: string | undefined;
}

/** Input of JoinStorageSessionAsViewer. */
export interface JoinStorageSessionAsViewerInput {
  channelArn: string;
  clientId: string;
}

/** The operations of WebRTC ingestion (AWS docs, "Amazon Kinesis Video WebRTC Storage" API reference). */
export interface KinesisVideoWebRTCStorageHandlers {
  readonly JoinStorageSession: OperationHandler<JoinStorageSessionInput, Record<never, never>>;
  readonly JoinStorageSessionAsViewer: OperationHandler<JoinStorageSessionAsViewerInput, Record<never, never>>;
}
