import type { AccessRule } from "../../aws/service.ts";
import { channelOf, rule } from "../access.ts";

/** What a caller must be allowed to do for each HTTPS operation of a signaling channel. */
export const access: Readonly<Record<string, AccessRule>> = {
  GetIceServerConfig: rule("GetIceServerConfig", "NotAuthorizedException", channelOf),
  SendAlexaOfferToMaster: rule("SendAlexaOfferToMaster", "NotAuthorizedException", channelOf),
};
