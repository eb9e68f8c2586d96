import type { AccessRule } from "../../aws/service.ts";
import { rule, streamOf } from "../access.ts";

/** What a caller must be allowed to do for each operation of the media plane. */
export const access: Readonly<Record<string, AccessRule>> = {
  GetMedia: rule("GetMedia", "NotAuthorizedException", streamOf),
  PutMedia: rule("PutMedia", "NotAuthorizedException", streamOf),
};
