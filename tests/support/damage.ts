import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Flips a bit in the middle of a stored fragment, behind the server's back: the one at a place, from 0, of the `stream`-th stream that was created. */
export function damageFragment(data: string, stream: number, place: number): void {
  const index = new DatabaseSync(join(data, "index.db"), { readOnly: true });
  const rows = index.prepare("SELECT segment, offset, length FROM fragments WHERE stream_id = ? ORDER BY sequence");
  const { segment, offset, length } = rows.all(stream)[place] as Record<"segment" | "offset" | "length", number>;
  index.close();
  const folder = join(data, "journal");
  const file = join(folder, readdirSync(folder).find((name) => Number.parseInt(name, 10) === segment)!);
  const bytes = readFileSync(file);
  bytes[offset + Math.floor(length / 2)]! ^= 1;
  writeFileSync(file, bytes);
}
