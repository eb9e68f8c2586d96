import type { FsckReport, NamedDamage } from "@kvass/server/fsck";
import { count, formatBytes, formatTime } from "../terminal/format.ts";

/** What opening the folder has changed in its index, as every start of the server does; undefined where that is nothing. */
export function describeChanges({ isIndexNew, recovery }: FsckReport, rebuildIndex: boolean): string | undefined {
  const fragments = count(recovery.fragments, "fragment");
  const made = `the index was made anew from the journal, ${fragments}`;
  if (rebuildIndex) return made;
  if (isIndexNew) return recovery.scanned === 0 ? undefined : `${made}: there was none, or one of another format`;
  if (recovery.scanned === 0) return undefined;
  const segments = count(recovery.scanned, "segment");
  return `not stopped in order, or copied while in use: ${segments} read through, and the index brought up to date, ${fragments}`;
}

/** `record: segment 1 offset 4096 length 99, porch, fragment 7 of ..., arrived ...: the checksum does not match`. */
export function describeDamage({ kind, message, segment, offset, length, file, ...fragment }: NamedDamage): string {
  const place = Object.entries({ segment, offset, length }).filter(([, value]) => value !== undefined);
  const where = place.map(([name, value]) => `${name} ${value}`).join(" ");
  const what = [file ?? "", where, describeFragment(fragment)].filter((text) => text !== "").join(", ");
  return `${kind}: ${what === "" ? "" : `${what}: `}${message}`;
}

/** `porch, fragment 7 of 2026-11-21T12:00:00.000Z, arrived 2026-11-21T12:00:02.123Z`, as far as it is known. */
function describeFragment(of: Omit<NamedDamage, "kind" | "message">): string {
  const { streamId, streamName, sequence, producerTimestamp, serverTimestamp } = of;
  if (streamId === undefined) return "";
  const stream = streamName ?? `deleted stream ${streamId}`;
  if (sequence === undefined || producerTimestamp === undefined || serverTimestamp === undefined) return stream;
  const [produced, arrived] = [producerTimestamp, serverTimestamp].map((time) => formatTime(new Date(time)));
  return `${stream}, fragment ${sequence} of ${produced}, arrived ${arrived}`;
}

/** What was checked, and how much of it is damaged. */
export function describeTotal(report: FsckReport): string {
  const { ok, damageCount, damagedTables, lostFragments, segments, fragments, bytes } = report;
  const checked = `${count(fragments, ok ? "fragment" : "whole fragment")} in ${count(segments, "segment")}, ${formatBytes(bytes)}`;
  if (ok) return `${checked}: no damage`;
  const tables = `${count(damagedTables, "damaged table")} of frames, whose fragments are read instead: no media is lost by that`;
  if (damagedTables === damageCount) return `${checked}: ${tables}`;
  const lost = lostFragments === 0 ? "" : `; ${count(lostFragments, "fragment")} of the index cannot be read`;
  const others = `${count(damageCount - damagedTables, "damage")}${lost}`;
  return damagedTables === 0 ? `${checked}: ${others}` : `${checked}: ${others}; ${tables}`;
}

const UPGRADE_AND_RESTORE = "docs/operate/run.md, Upgrade and restore";

/** What a person can do about the damages, a line each; none where nothing has to be done. */
export function nextSteps(
  report: FsckReport,
  { rebuildIndex, fsck }: { rebuildIndex: boolean; fsck: string },
): string[] {
  const kinds = new Set(report.damages.map(({ kind, file }) => (kind === "database" ? file : kind)));
  const steps: [boolean, string][] = [
    [
      kinds.has("catalog.db"),
      `the catalog: copy the folder before anything else; catalog.db has to come from a backup (${UPGRADE_AND_RESTORE})`,
    ],
    [
      kinds.has("key"),
      `keys: what was stored under them cannot be read by anyone, unless keys/ and catalog.db come from a backup (${UPGRADE_AND_RESTORE})`,
    ],
    [
      kinds.has("record") || kinds.has("seal") || kinds.has("segment"),
      `the journal: what is damaged there is lost, unless the folder comes from a backup (${UPGRADE_AND_RESTORE}); all else can be read, and the server ` +
        "may be started. The disk gave back what was not written to it: look at its health",
    ],
    [
      !rebuildIndex && (report.lostFragments > 0 || kinds.has("unindexed") || kinds.has("index.db")),
      `the index: ${fsck} --rebuild-index makes it agree with the journal, so that reading passes over what is lost`,
    ],
  ];
  return steps.flatMap(([applies, step]) => (applies ? [step] : []));
}
