import type { AccessRule } from "../../aws/service.ts";
import { rule, streamOf } from "../access.ts";

const OPERATIONS = [
  "GetClip",
  "GetDASHStreamingSessionURL",
  "GetHLSStreamingSessionURL",
  "GetImages",
  "GetMediaForFragmentList",
  "ListFragments",
] as const;

/** What a caller must be allowed to do for each operation of the archive. */
export const access: Readonly<Record<string, AccessRule>> = Object.fromEntries(
  OPERATIONS.map((name) => [name, rule(name, "NotAuthorizedException", streamOf)]),
);
