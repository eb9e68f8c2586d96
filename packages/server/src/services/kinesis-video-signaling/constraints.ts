import { Service } from "@aws-sdk/client-kinesis-video-signaling";
import { type Constraints, pattern } from "../../aws/validation/constraints.ts";
import { RESOURCE_ARN, RESOURCE_NAME } from "../constraints.ts";

/** Constraints of a signaling channel's HTTPS operations (AWS docs, "Amazon Kinesis Video Signaling Channels" API reference). */
export const constraints: Constraints = {
  GetIceServerConfigRequest: {
    ChannelARN: RESOURCE_ARN,
    ClientId: RESOURCE_NAME,
    Service: { oneOf: Object.values(Service) },
    Username: RESOURCE_NAME,
  },
  SendAlexaOfferToMasterRequest: {
    ChannelARN: RESOURCE_ARN,
    SenderClientId: RESOURCE_NAME,
    MessagePayload: { length: [1, 10_000], pattern: pattern("[a-zA-Z0-9+/=]+") },
  },
};
