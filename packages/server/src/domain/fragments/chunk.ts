import { ebmlHeader, infoElement, kvsTags, segmentHeader, type TagPair, voidElement } from "@kvass/media";
import type { FragmentIdentity } from "../../storage/ports/fragment.ts";
import { formatFragmentNumber } from "./fragment-number.ts";
import type { FragmentHead } from "./layout.ts";

/**
 * Chunks of GetMedia: each is a Matroska file of its own that holds one fragment (AWS docs, "GetMedia", and recorded responses):
 *
 *     EBML header, Segment of unknown size, Info, Tracks, ...     as the producer sent them
 *     Tags    AWS_KINESISVIDEO_FRAGMENT_NUMBER, _SERVER_TIMESTAMP, _PRODUCER_TIMESTAMP
 *     Cluster, Tags                                               as the producer sent them
 *     Tags    AWS_KINESISVIDEO_MILLIS_BEHIND_NOW, _CONTINUATION_TOKEN
 */
const PREFIX = "AWS_KINESISVIDEO_";

/** Void elements that fill large gaps are all this one. */
const FILLER = voidElement(64 * 1024);

/** Seconds since the epoch with exactly 3 decimals. */
function seconds(ms: number): string {
  const digits = String(ms).padStart(4, "0");
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

function identityTags(identity: FragmentIdentity): TagPair[] {
  return [
    [`${PREFIX}FRAGMENT_NUMBER`, formatFragmentNumber(identity)],
    [`${PREFIX}SERVER_TIMESTAMP`, seconds(identity.serverTimestamp)],
    [`${PREFIX}PRODUCER_TIMESTAMP`, seconds(identity.producerTimestamp)],
  ];
}

function headWith(head: FragmentHead, pairs: readonly TagPair[]): Uint8Array {
  return Buffer.concat([head.ebmlHeader, segmentHeader(), head.segmentElements, ...head.tags, kvsTags(pairs)]);
}

/** Everything of a chunk before its Cluster. */
export function chunkHead(head: FragmentHead, identity: FragmentIdentity): Uint8Array {
  return headWith(head, identityTags(identity));
}

/** The same for GetMediaForFragmentList, whose documentation gives the timestamps other names than its wire does: both are there. */
export function listedChunkHead(head: FragmentHead, identity: FragmentIdentity): Uint8Array {
  return headWith(head, [
    ...identityTags(identity),
    [`${PREFIX}SERVER_SIDE_TIMESTAMP`, seconds(identity.serverTimestamp)],
    [`${PREFIX}PRODUCER_SIDE_TIMESTAMP`, seconds(identity.producerTimestamp)],
  ]);
}

/** The end of a chunk whose fragment is complete. `behindMs` is its distance from the stream's tip. */
export function chunkTail(identity: FragmentIdentity, behindMs: number): Uint8Array {
  return kvsTags([
    [`${PREFIX}MILLIS_BEHIND_NOW`, String(behindMs)],
    [`${PREFIX}CONTINUATION_TOKEN`, formatFragmentNumber(identity)],
  ]);
}

/** Fills the rest of a Cluster of known size whose bytes will not come, so that the chunk stays a file that players read. */
export function* clusterFiller(bytes: number): Generator<Uint8Array> {
  let left = bytes;
  // No Void takes 1 byte: the last two share what would leave one over.
  while (left > FILLER.length + 1) {
    yield FILLER;
    left -= FILLER.length;
  }
  if (left > FILLER.length) {
    yield voidElement(left - 2);
    left = 2;
  }
  if (left > 0) yield voidElement(left);
}

function errorFile(pairs: readonly TagPair[]): Uint8Array {
  const info = infoElement({ muxingApp: "Kvass", writingApp: "Kvass" });
  return Buffer.concat([ebmlHeader(), segmentHeader(), info, kvsTags(pairs)]);
}

/** The last chunk of a GetMedia that cannot go on: error ids 3002, 4000, 4500-4506 and 5000 (AWS docs, "GetMedia"). */
export function errorChunk(fragmentNumber: string, error: { code: string; id: number }): Uint8Array {
  return errorFile([
    [`${PREFIX}FRAGMENT_NUMBER`, fragmentNumber],
    [`${PREFIX}ERROR_CODE`, error.code],
    [`${PREFIX}ERROR_ID`, String(error.id)],
  ]);
}

/** The chunk of GetMediaForFragmentList for a fragment that cannot be given (AWS docs, "GetMediaForFragmentList"). */
export function listedErrorChunk(fragmentNumber: string, error: { id: number; message: string }): Uint8Array {
  return errorFile([
    [`${PREFIX}FRAGMENT_NUMBER`, fragmentNumber],
    [`${PREFIX}EXCEPTION_ERROR_CODE`, String(error.id)],
    [`${PREFIX}EXCEPTION_MESSAGE`, error.message],
  ]);
}
