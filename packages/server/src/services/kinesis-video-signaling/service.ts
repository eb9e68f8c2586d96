import type * as sdk from "@aws-sdk/client-kinesis-video-signaling";
import type { Checked, OperationHandler } from "../../aws/handler.ts";

type Handler<Input, Output> = OperationHandler<Checked<Input>, Output>;

/** The HTTPS operations of a signaling channel (AWS docs, "Amazon Kinesis Video Signaling Channels" API reference). */
export interface KinesisVideoSignalingHandlers {
  readonly GetIceServerConfig: Handler<sdk.GetIceServerConfigRequest, sdk.GetIceServerConfigResponse>;
  readonly SendAlexaOfferToMaster: Handler<sdk.SendAlexaOfferToMasterRequest, sdk.SendAlexaOfferToMasterResponse>;
}
