import { RecordDamaged, RecordGone } from "../../ports/journal.ts";
import { errorCode, type FileSystem } from "./file-system.ts";
import { OtherSegmentFormat, SegmentFiles } from "./segment-files.ts";
import { FORMAT } from "./segment-header.ts";

/** A journal was written in a format that this version does not read. */
export class OtherJournalFormat extends Error {
  override readonly name = "OtherJournalFormat";

  constructor(folder: string, format: number) {
    const writer =
      format < FORMAT ? "an earlier version of Kvass, before its first release" : "a later version of Kvass";
    super(
      `${folder} has storage format ${format}, of ${writer}; this version reads format ${FORMAT} and leaves the folder as it is: ` +
        "take another data folder, or the version that wrote this one",
    );
  }
}

/**
 * Looks at the first segment of a journal whose header can be read, as all that one version has written have its format. Changes nothing; a
 * folder that does not exist is as good as an empty one.
 * @throws OtherJournalFormat
 */
export async function checkFormat(system: FileSystem, folder: string): Promise<void> {
  const files = new SegmentFiles(system, folder);
  try {
    for (const segment of await list(files)) {
      if (await isReadable(files, folder, segment)) return;
    }
  } finally {
    await files.close();
  }
}

async function list(files: SegmentFiles): Promise<number[]> {
  try {
    return await files.list();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function isReadable(files: SegmentFiles, folder: string, segment: number): Promise<boolean> {
  try {
    await files.reading(segment, async () => undefined);
    return true;
  } catch (error) {
    if (error instanceof OtherSegmentFormat) throw new OtherJournalFormat(folder, error.format);
    // Whatever else is wrong with it, the start finds out and tells.
    if (error instanceof RecordDamaged || error instanceof RecordGone) return false;
    throw error;
  }
}
