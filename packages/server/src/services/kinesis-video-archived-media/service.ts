import * as sdk from "@aws-sdk/client-kinesis-video-archived-media";
import type { Checked, OperationHandler, Streaming } from "../../aws/handler.ts";
import { type Service, type ServiceDeclaration, service } from "../../aws/service.ts";
import { codeOf } from "../errors.ts";
import { access } from "./access.ts";
import { constraints } from "./constraints.ts";
import { errors, errorTypes } from "./errors.ts";

type Handler<Input, Output> = OperationHandler<Checked<Input>, Output>;

/** The operations of the archive (AWS docs, "Amazon Kinesis Video Streams Archived Media" API reference). */
export interface KinesisVideoArchivedMediaHandlers {
  readonly GetClip: Handler<sdk.GetClipInput, Streaming<sdk.GetClipOutput>>;
  readonly GetDASHStreamingSessionURL: Handler<
    sdk.GetDASHStreamingSessionURLInput,
    sdk.GetDASHStreamingSessionURLOutput
  >;
  readonly GetHLSStreamingSessionURL: Handler<sdk.GetHLSStreamingSessionURLInput, sdk.GetHLSStreamingSessionURLOutput>;
  readonly GetImages: Handler<sdk.GetImagesInput, sdk.GetImagesOutput>;
  readonly GetMediaForFragmentList: Handler<
    sdk.GetMediaForFragmentListInput,
    Streaming<sdk.GetMediaForFragmentListOutput>
  >;
  readonly ListFragments: Handler<sdk.ListFragmentsInput, sdk.ListFragmentsOutput>;
}

const declaration: ServiceDeclaration = {
  name: "kinesis-video-archived-media",
  signingName: "kinesisvideo",
  operations: [
    sdk.GetClip$,
    sdk.GetDASHStreamingSessionURL$,
    sdk.GetHLSStreamingSessionURL$,
    sdk.GetImages$,
    sdk.GetMediaForFragmentList$,
    sdk.ListFragments$,
  ],
  errors,
  constraints,
  invalidInput: "InvalidArgumentException",
  access,
  codeOf,
  errorTypes,
};

/**
 * The archive with those of its operations that are given.
 * @throws Error where schemas, constraints, access rules, error tables and handlers disagree
 */
export function kinesisVideoArchivedMedia(handlers: Partial<KinesisVideoArchivedMediaHandlers>): Service {
  return service(declaration, handlers);
}
