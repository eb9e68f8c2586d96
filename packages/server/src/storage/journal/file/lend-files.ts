import type { FragmentPlace } from "../../ports/fragment.ts";
import type { RecordFile } from "../../ports/journal.ts";
import type { SegmentFiles } from "./segment-files.ts";

/** Fragments that belong together lie in one file, or in two where one became full; what compaction has strewn over more is not lent. */
const MAX_LENT = 4;

/** See `Journal.lendFiles`. */
export async function lendFiles<Result>(
  files: SegmentFiles,
  rows: readonly FragmentPlace[],
  use: (files: readonly RecordFile[]) => Promise<Result>,
): Promise<Result | undefined> {
  const segments = [...new Set(rows.map(({ segment }) => segment))];
  if (segments.length > MAX_LENT) return undefined;
  const open = new Map<number, RecordFile>();
  const lend = async (place: number): Promise<Result | undefined> => {
    const segment = segments[place];
    if (segment === undefined) return use(rows.map((row) => open.get(row.segment)!));
    return files.reading(segment, async ({ file: { descriptor }, seed }) => {
      if (descriptor === undefined) return undefined;
      open.set(segment, { descriptor, seed });
      return lend(place + 1);
    });
  };
  return lend(0);
}
