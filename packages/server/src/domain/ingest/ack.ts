import { INGEST_ERROR_IDS, type IngestError } from "./ingest-error.ts";

/** The fragment that an acknowledgement is about. */
export interface AckedFragment {
  /** The Cluster's timecode exactly as the producer sent it, in ticks of its TimecodeScale: a bigint above 2^53-1. */
  readonly timecode: number | bigint;
  /** 47 digits. */
  readonly number: string;
}

/** The fragment that an error is about; one that was refused at its timecode has no number. */
export interface BlamedFragment extends Pick<AckedFragment, "timecode"> {
  readonly number: string | undefined;
}

export type ProgressEvent = "BUFFERING" | "RECEIVED" | "PERSISTED";

/** The C producer library drops response segments above 1,024 bytes; with this much detail an ERROR stays below 700. */
const MAX_DETAIL = 400;

const IDLE = Buffer.from('{"EventType":"IDLE"}\n');

/**
 * One acknowledgement in its wire form: a flat JSON object and a newline (AWS docs, "PutMedia", response syntax).
 * Producers parse it with small hand-written parsers, so the members' order and spelling are part of the contract.
 */
export function encodeProgress(event: ProgressEvent, { timecode, number }: AckedFragment): Buffer {
  return Buffer.from(
    `{"EventType":"${event}","FragmentTimecode":${timecode},"FragmentNumber":"${number}"}\n`,
    "latin1",
  );
}

/** Sent while a producer is connected and sends nothing. */
export function encodeIdle(): Buffer {
  return IDLE;
}

/**
 * The last acknowledgement of a session that failed. `Message` is not part of AWS's form; producers ignore unknown members, and people
 * read it. It is kept to printable ASCII without quotes and backslashes, so that the smallest parser gets by.
 */
export function encodeError(error: IngestError, fragment: BlamedFragment | undefined): Buffer {
  const timecode = fragment === undefined ? "" : `"FragmentTimecode":${fragment.timecode},`;
  const number = fragment?.number === undefined ? "" : `"FragmentNumber":"${fragment.number}",`;
  const detail = error.message.replaceAll(/[^\x20-\x7e]|["\\{}]/g, "?").slice(0, MAX_DETAIL);
  return Buffer.from(
    `{"EventType":"ERROR",${timecode}${number}"ErrorCode":"${error.code}","ErrorId":${INGEST_ERROR_IDS[error.code]},"Message":"${detail}"}\n`,
    "latin1",
  );
}
