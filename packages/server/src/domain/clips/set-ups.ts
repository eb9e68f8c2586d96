import type { MatroskaHeader } from "@kvass/media";
import type { FragmentRow } from "../../storage/ports/fragment.ts";
import { DomainError } from "../errors.ts";
import type { StoredFragment } from "../fragments/archive.ts";
import { configurationOf } from "../fragments/configuration.ts";
import { formatFragmentNumber } from "../fragments/fragment-number.ts";
import type { PlannedFragment } from "./plan.ts";
import { type ClipTrack, readHeader, readTracks } from "./tracks.ts";

/** Sets of sample entries of one clip: a camera that is switched between modes has a few, and the beginning of a fragment is read for each. */
const MAX_SET_UPS = 16;

/** What the fragments of a clip are decoded with: the same tracks for each of their configurations, with other codec data. */
export interface SetUps {
  /** Those of the first fragment with pictures. */
  readonly first: readonly ClipTrack[];
  readonly byConfiguration: ReadonlyMap<number, readonly ClipTrack[]>;
}

/** How the fragments of a clip are read. */
export interface SetUpReader {
  /** Opens a fragment. */
  readonly open: (row: FragmentRow) => Promise<StoredFragment>;
  /** The error of the API for a failure to read a fragment. */
  readonly explain: (error: unknown, row: FragmentRow) => unknown;
  readonly awsCodecs: boolean;
}

/**
 * Reads what a clip's fragments are decoded with, from one fragment of each configuration. Pictures may change where the producer's header stays:
 * by parameter sets in their key frames.
 * @throws DomainError `invalid-codec-data` where the header changes or the pictures do too often, and what `readTracks` throws
 */
export async function readSetUps(plan: readonly PlannedFragment[], reader: SetUpReader): Promise<SetUps> {
  const main = plan.find(({ row }) => !row.lacksPictures)!.row;
  const { header, tracks } = await read(main, reader);
  const declared = configurationOf(header);
  const byConfiguration = new Map([[main.configuration, tracks]]);
  for (const row of otherConfigurations(plan, main)) {
    // Sound that comes before the first picture does not know what is behind it.
    const other = row.lacksPictures ? undefined : await read(row, reader);
    const sameHeader = configurationOf(other?.header ?? (await headerOf(row, reader))) === declared;
    if (!sameHeader) throw changed("The tracks or their codec private data", firstLike(plan, row));
    if (byConfiguration.size === MAX_SET_UPS) {
      throw changed("The pictures", firstLike(plan, row), `, beyond the ${MAX_SET_UPS} sets of codec data of one clip`);
    }
    if (other !== undefined) byConfiguration.set(row.configuration, other.tracks);
  }
  return { first: tracks, byConfiguration };
}

/** A fragment for each further configuration, with pictures where there is such, in the order of the clip. */
function otherConfigurations(plan: readonly PlannedFragment[], main: FragmentRow): Iterable<FragmentRow> {
  const rows = new Map<number, FragmentRow>();
  for (const { row } of plan) {
    if (row.configuration === main.configuration) continue;
    if (rows.get(row.configuration)?.lacksPictures !== false) rows.set(row.configuration, row);
  }
  return rows.values();
}

async function read(
  row: FragmentRow,
  { open, explain, awsCodecs }: SetUpReader,
): Promise<{ header: MatroskaHeader; tracks: readonly ClipTrack[] }> {
  try {
    return await readTracks(await open(row), awsCodecs);
  } catch (error) {
    throw explain(error, row);
  }
}

async function headerOf(row: FragmentRow, { open, explain }: SetUpReader): Promise<MatroskaHeader> {
  try {
    return await readHeader(await open(row));
  } catch (error) {
    throw explain(error, row);
  }
}

const firstLike = (plan: readonly PlannedFragment[], { configuration }: FragmentRow): FragmentRow =>
  plan.find(({ row }) => row.configuration === configuration)!.row;

function changed(what: string, row: FragmentRow, why = ""): DomainError {
  const [producer, server] = [row.producerTimestamp, row.serverTimestamp].map((time) => new Date(time).toISOString());
  const place = `fragment ${formatFragmentNumber(row)} (producer timestamp ${producer}, server timestamp ${server})`;
  const message = `${what} change at ${place}${why}; end the range before it, or begin there.`;
  return new DomainError("invalid-codec-data", message);
}
