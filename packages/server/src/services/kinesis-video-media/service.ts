import { GetMedia$, type GetMediaInput, type GetMediaOutput } from "@aws-sdk/client-kinesis-video-media";
import type { Checked, OperationHandler, Streaming } from "../../aws/handler.ts";
import type { RequestBody } from "../../aws/request-body.ts";
import { type Service, type ServiceDeclaration, service } from "../../aws/service.ts";
import { codeOf } from "../errors.ts";
import { access } from "./access.ts";
import { constraints } from "./constraints.ts";
import { errors, errorTypes } from "./errors.ts";
import { PutMedia$ } from "./schemas.ts";

/** Input of PutMedia, which no JavaScript SDK client describes (AWS docs, "PutMedia"). */
export interface PutMediaInput {
  /** Header `x-amzn-stream-name`. */
  StreamName?: string | undefined;
  /** Header `x-amzn-stream-arn`. */
  StreamARN?: string | undefined;
  /** Header `x-amzn-fragment-timecode-type`. */
  FragmentTimecodeType: "ABSOLUTE" | "RELATIVE";
  /** Header `x-amzn-producer-start-timestamp`: decimal seconds since the epoch. */
  ProducerStartTimestamp: Date;
  /** Header `x-amzn-fragment-acknowledgment-required`, which C producers send as `0` or `1`. */
  FragmentAcknowledgmentRequired?: string | undefined;
  /** The request body: Matroska, for as long as the producer sends. */
  Payload: RequestBody;
}

/** Output of PutMedia: acknowledgements, one JSON object with its newline in each item. */
export interface PutMediaOutput {
  Payload: AsyncIterable<Uint8Array>;
}

/** The operations of the media plane (AWS docs, "Amazon Kinesis Video Streams Media" API reference). */
export interface KinesisVideoMediaHandlers {
  readonly GetMedia: OperationHandler<Checked<GetMediaInput>, Streaming<GetMediaOutput>>;
  readonly PutMedia: OperationHandler<PutMediaInput, PutMediaOutput>;
}

const declaration: ServiceDeclaration = {
  name: "kinesis-video-media",
  signingName: "kinesisvideo",
  operations: [GetMedia$, PutMedia$],
  errors,
  constraints,
  invalidInput: "InvalidArgumentException",
  access,
  codeOf,
  errorTypes,
};

/**
 * The media plane with those of its operations that are given.
 * @throws Error where schemas, constraints, access rules, error tables and handlers disagree
 */
export function kinesisVideoMedia(handlers: Partial<KinesisVideoMediaHandlers>): Service {
  return service(declaration, handlers);
}
