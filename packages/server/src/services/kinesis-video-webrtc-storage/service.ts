import type { OperationHandler } from "../../aws/handler.ts";
import { type Service, type ServiceDeclaration, service } from "../../aws/service.ts";
import { codeOf } from "../errors.ts";
import { access } from "./access.ts";
import { constraints } from "./constraints.ts";
import { errorTypes } from "./errors.ts";
import { errors, operations } from "./schemas.ts";

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

const declaration: ServiceDeclaration = {
  name: "kinesis-video-webrtc-storage",
  signingName: "kinesisvideo",
  operations,
  errors,
  constraints,
  invalidInput: "InvalidArgumentException",
  access,
  codeOf,
  errorTypes,
};

/**
 * WebRTC ingestion with those of its operations that are given.
 * @throws Error where schemas, constraints, access rules, error tables and handlers disagree
 */
export function kinesisVideoWebRTCStorage(handlers: Partial<KinesisVideoWebRTCStorageHandlers>): Service {
  return service(declaration, handlers);
}
