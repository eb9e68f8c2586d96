import type { Connection } from "@kvass/client";
import { endOfStored } from "../archive.ts";

/** Of a stream that keeps nothing, and where the caller may write but not read, media begins when it would anyway. */
const NOTHING_TOLD = new Set(["NoDataRetentionException", "NotAuthorizedException", "AccessDeniedException"]);

/**
 * `wanted`, or where what the stream holds reaches beyond it, the end of that: recordings that lie over one another cannot be played. Both on the
 * producer's clock, in milliseconds since the epoch. Throws the other exceptions of ListFragments.
 */
export async function behindStored(connection: Connection, stream: string, wanted: number): Promise<number> {
  try {
    return (await endOfStored(connection, stream, wanted)) ?? wanted;
  } catch (error) {
    if (error instanceof Error && NOTHING_TOLD.has(error.name)) return wanted;
    throw error;
  }
}
