import type { RequestContext } from "../aws/handler.ts";
import type { Caller } from "../domain/events/events.ts";

/** Who sent a request, as the domain tells it. */
export const callerOf = ({ requestId, principal, remoteAddress }: RequestContext): Caller => ({
  requestId,
  accessKeyId: principal.accessKeyId,
  remoteAddress,
});
