import type * as sdk from "@aws-sdk/client-kinesis-video-archived-media";
import type { Checked, OperationHandler, Streaming } from "../../aws/handler.ts";

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
