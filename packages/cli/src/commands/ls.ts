import type { Connection } from "@kvass/client";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ArchiveRange } from "../archive.ts";
import type { Target } from "../discovery.ts";
import { keepsNothing } from "../keeps-nothing.ts";
import { addTargetOptions } from "../target-options.ts";
import { count, fitting, formatBytes, formatDuration, formatShortTime, formatTime, table } from "../terminal/format.ts";
import { checkedEnd, MOMENT_FORMS, parseMoment, parseTime } from "../time.ts";
import { withServer } from "../with-server.ts";

interface Flags extends Target {
  readonly from: string;
  readonly to: string;
  readonly clock: "producer" | "server";
  readonly limit: number;
  readonly json?: boolean;
}

/** A listing is read by a person; scripts raise the limit, and get JSON. */
const DEFAULT_LIMIT = 100;

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("expected a number from 1 on");
  return value;
}

/** `kvass ls [STREAM]`: a table of the streams, or of a stream's stored fragments. */
export function configure(command: Command): void {
  command
    .argument("[STREAM]", "stream whose fragments to list, by name")
    .option("--from <TIME>", `first fragment start: ${MOMENT_FORMS}`, "earliest")
    .option("--to <TIME>", "last fragment start", "+365d")
    .addOption(
      new Option("--clock <CLOCK>", "times are those of the producer or of the server")
        .choices(["producer", "server"])
        .default("producer"),
    )
    .option("--limit <N>", "list at most so many", positiveInteger, DEFAULT_LIMIT)
    .option("--json", "one JSON object a line")
    .action((stream: string | undefined, flags: Flags) => {
      // Before a server is looked for: a wrong time is wrong everywhere.
      const range = rangeOf(flags);
      return withServer({ target: flags, stream }, (connection) =>
        stream === undefined ? listStreams(connection, flags) : listFragments(connection, stream, range, flags),
      );
    });
  addTargetOptions(command);
}

async function listStreams(connection: Connection, flags: Flags): Promise<void> {
  const { controlPlane } = await import("@kvass/client");
  const { paginateListStreams } = await import("@aws-sdk/client-kinesis-video");
  const client = controlPlane(connection);
  const rows = [["STREAM", "STATUS", "RETENTION", "MEDIA", "CREATED"]];
  let left = flags.limit;
  pages: for await (const { StreamInfoList = [] } of paginateListStreams({ client }, {})) {
    for (const info of StreamInfoList) {
      if (left-- === 0) break pages;
      const { StreamName = "", Status = "", DataRetentionInHours = 0, MediaType = "-", CreationTime } = info;
      if (flags.json) process.stdout.write(`${JSON.stringify(info)}\n`);
      else rows.push([StreamName, Status, `${DataRetentionInHours} h`, MediaType, formatTime(CreationTime)]);
    }
  }
  client.destroy();
  if (flags.json) return;
  process.stdout.write(rows.length === 1 ? "no streams\n" : table(rows, [2]));
  noteLimit(left, flags.limit);
}

async function listFragments(connection: Connection, stream: string, range: ArchiveRange, flags: Flags): Promise<void> {
  const { fragmentsInRange } = await import("../archive.ts");
  const { playingTime } = await import("../recording/playing-order.ts");
  const listed: Row[] = [];
  const total = { fragments: 0, bytes: 0 };
  let left = flags.limit;
  for await (const fragment of fragmentsInRange(connection, stream, range)) {
    if (left-- === 0) break;
    total.fragments++;
    total.bytes += fragment.bytes;
    if (flags.json) process.stdout.write(`${JSON.stringify(fragment)}\n`);
    else listed.push(fragment);
  }
  if (total.fragments === 0) await noteElsewhere(connection, stream, range.clock);
  if (flags.json) return;
  if (listed.length > 0) {
    const tables = [fullTable(listed), narrowTable(listed, flags.clock)] as const;
    process.stdout.write(fitting(tables, process.stdout));
  }
  const duration = formatDuration(playingTime(listed));
  process.stdout.write(`${count(total.fragments, "fragment")}, ${duration}, ${formatBytes(total.bytes)}\n`);
  noteLimit(left, flags.limit);
}

/** Says of a list without fragments where the stream has some, or why it has none. */
async function noteElsewhere(connection: Connection, stream: string, clock: ArchiveRange["clock"]): Promise<void> {
  const { heldMedia, retentionHours } = await import("../retention.ts");
  if ((await retentionHours(connection, stream)) === 0) {
    process.stderr.write(`kvass: ${keepsNothing(stream)}\n`);
    return;
  }
  const held = await heldMedia(connection, stream, clock);
  if (held !== undefined) process.stderr.write(`kvass: ${stream} holds no media there${held}\n`);
}

interface Row {
  readonly number: string;
  readonly producerTimestamp: number;
  readonly serverTimestamp: number;
  readonly durationMs: number;
  readonly bytes: number;
}

function fullTable(fragments: readonly Row[]): string {
  const rows = fragments.map(({ number, producerTimestamp, serverTimestamp, durationMs, bytes }) => [
    formatTime(new Date(producerTimestamp)),
    formatTime(new Date(serverTimestamp)),
    formatDuration(durationMs),
    formatBytes(bytes),
    number,
  ]);
  return table([["PRODUCER TIME", "SERVER TIME", "DURATION", "SIZE", "FRAGMENT"], ...rows], [2, 3]);
}

/** At most 80 columns, of which a fragment number takes 47: the time that the list is ordered by, to the second. */
function narrowTable(fragments: readonly Row[], order: Flags["clock"]): string {
  const rows = fragments.map(({ number, producerTimestamp, serverTimestamp, durationMs, bytes }) => [
    formatShortTime(new Date(order === "server" ? serverTimestamp : producerTimestamp)),
    formatDuration(durationMs).replace(" ", ""),
    formatBytes(bytes).replace(" ", ""),
    number,
  ]);
  return table([["TIME (UTC)", "LASTS", "SIZE", "FRAGMENT"], ...rows], [1, 2]);
}

function rangeOf({ from, to, clock }: Flags): ArchiveRange {
  const begin = parseMoment(from, "--from");
  return { from: begin === "earliest" ? 0 : begin, to: checkedEnd(begin, parseTime(to, "--to")), clock };
}

function noteLimit(left: number, limit: number): void {
  if (left < 0) process.stderr.write(`kvass: stopped after ${limit}; --limit N shows more\n`);
}
