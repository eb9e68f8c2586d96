import { KinesisVideoError } from "./errors.ts";

/** What an acknowledgement tells (AWS docs, "PutMedia", "Acknowledgement types"). */
export type AckType = "BUFFERING" | "RECEIVED" | "PERSISTED" | "ERROR" | "IDLE";

/** One acknowledgement of PutMedia. */
export interface Ack {
  readonly type: AckType;
  /** The Cluster's Timestamp as it was sent, in ticks, or beyond 2^53-1 the nearest number; absent with IDLE and where no Cluster had begun. */
  readonly fragmentTimecode?: number;
  /** Decimal digits; larger than a Number holds. */
  readonly fragmentNumber?: string;
  /** Only with ERROR: its name, as `INVALID_MKV_DATA`, and its number, as 4006. */
  readonly errorCode?: string;
  readonly errorId?: number;
  /** Only with ERROR, and only from Kvass: what was wrong, in words. */
  readonly message?: string;
}

interface WireAck {
  readonly EventType: AckType;
  readonly FragmentTimecode?: number;
  readonly FragmentNumber?: string;
  readonly ErrorCode?: string;
  readonly ErrorId?: number;
  readonly Message?: string;
}

/** An acknowledgement stays below 1 KiB on the wire; what grows beyond this without an end is no stream of them. */
const MAX_PENDING_CHARS = 16 * 1024;

/**
 * Takes the text of a PutMedia response in pieces of any size and returns the acknowledgements that are complete. A line break between
 * them is optional. Throws {@link KinesisVideoError} where the text is not a sequence of flat JSON objects.
 */
export class AckParser {
  #pending = "";

  feed(text: string): Ack[] {
    this.#pending += text;
    const acks: Ack[] = [];
    for (let end = this.#pending.indexOf("}"); end >= 0; end = this.#pending.indexOf("}")) {
      acks.push(parse(this.#pending.slice(0, end + 1)));
      this.#pending = this.#pending.slice(end + 1);
    }
    if (this.#pending.length > MAX_PENDING_CHARS) throw malformed(this.#pending.slice(0, 80));
    return acks;
  }
}

const malformed = (text: string, cause?: unknown): KinesisVideoError =>
  new KinesisVideoError("InvalidAcknowledgement", `expected an acknowledgement, got ${JSON.stringify(text)}`, {
    status: 200,
    cause,
  });

function parse(text: string): Ack {
  let wire: WireAck;
  try {
    wire = JSON.parse(text) as WireAck;
  } catch (error) {
    throw malformed(text, error);
  }
  if (typeof wire.EventType !== "string") throw malformed(text);
  const { EventType, FragmentTimecode, FragmentNumber, ErrorCode, ErrorId, Message } = wire;
  return {
    type: EventType,
    ...(FragmentTimecode !== undefined && { fragmentTimecode: FragmentTimecode }),
    ...(FragmentNumber !== undefined && { fragmentNumber: FragmentNumber }),
    ...(ErrorCode !== undefined && { errorCode: ErrorCode }),
    ...(ErrorId !== undefined && { errorId: ErrorId }),
    ...(Message !== undefined && { message: Message }),
  };
}
