import type { AccessRule } from "../../aws/service.ts";
import { channelOf, rule } from "../access.ts";

/** What a caller must be allowed to do for each operation of WebRTC ingestion. */
export const access: Readonly<Record<string, AccessRule>> = {
  JoinStorageSession: rule("JoinStorageSession", "AccessDeniedException", channelOf),
  JoinStorageSessionAsViewer: rule("JoinStorageSessionAsViewer", "AccessDeniedException", channelOf),
};
