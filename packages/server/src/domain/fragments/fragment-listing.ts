import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentClock, FragmentCursor, FragmentIndex } from "../../storage/ports/fragment-index.ts";
import { DomainError } from "../errors.ts";
import { decodePageToken, encodePageToken } from "../streams/page-token.ts";
import type { Stream } from "../streams/stream.ts";
import type { FragmentPoints } from "./fragment-points.ts";

/** Which fragments to list: those that start in [from, to] on one of their two clocks. */
export interface FragmentSelection {
  readonly clock: FragmentClock;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Milliseconds since the epoch, not before `from`. */
  readonly to: number;
}

/** A page of fragments; `token` asks for the next one and is absent on the last. */
export interface FragmentPage {
  readonly fragments: readonly FragmentRow[];
  readonly token?: string;
}

interface Position extends FragmentSelection {
  readonly after?: FragmentCursor;
}

const PAGE_TOKEN = "fragments";

/** Lists the archived fragments of streams, page by page. */
export class FragmentListing {
  readonly #index: FragmentIndex;
  readonly #points: FragmentPoints;

  constructor(index: FragmentIndex, points: FragmentPoints) {
    this.#index = index;
    this.#points = points;
  }

  /**
   * At most `limit` fragments of `stream`: the first page of a selection, or the page that a token of an earlier one asks for. Pages follow
   * the selection's clock; within a page fragments ascend by number. Together they hold each fragment once, also while others arrive or
   * expire. Rejects with DomainError `invalid-argument` where the selection ends before it begins, or the token is not of this stream;
   * `client-limit` where the stream's points for metadata are used up.
   */
  async list(stream: Stream, start: FragmentSelection | string, limit: number): Promise<FragmentPage> {
    const position: Position = typeof start === "string" ? readToken(stream, start) : checked(start);
    this.#points.spendMetadata(stream, limit);
    if (!stream.archives) return { fragments: [] };
    const scope = { streamId: stream.id, horizon: stream.horizon() };
    const rows = await this.#index.range(scope, position.clock, position, position.after, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const fragments = page.sort((a, b) => a.sequence - b.sequence);
    if (rows.length <= limit || last === undefined) return { fragments };
    return { fragments, token: writeToken(stream, position, last) };
  }
}

function checked(selection: FragmentSelection): FragmentSelection {
  if (selection.to >= selection.from) return selection;
  throw new DomainError("invalid-argument", "EndTimestamp must not be before StartTimestamp.");
}

/** The token carries the whole selection, so that the next request needs nothing else. */
function writeToken(stream: Stream, { clock, from, to }: FragmentSelection, last: FragmentRow): string {
  return encodePageToken(PAGE_TOKEN, [stream.id, clock, from, to, last[clock], last.sequence]);
}

function readToken(stream: Stream, token: string): Position {
  const fields = decodePageToken(PAGE_TOKEN, token, ["number", "string", "number", "number", "number", "number"]);
  const [streamId, clock, from, to, time, sequence] = fields as [number, string, number, number, number, number];
  if (streamId !== stream.id || (clock !== "serverTimestamp" && clock !== "producerTimestamp")) {
    throw new DomainError("invalid-argument", "NextToken is not valid for this stream.");
  }
  return { clock, from, to, after: { time, sequence } };
}
