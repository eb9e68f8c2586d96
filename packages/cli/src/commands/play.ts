import type { Connection } from "@kvass/client";
import { type Command, Option } from "commander";
import type { Target } from "../discovery.ts";
import { CliError, USAGE } from "../errors.ts";
import { PLAYER_NAMES, type PlayerName } from "../playback/player.ts";
import type { SessionRequest } from "../playback/session-url.ts";
import { addTargetOptions } from "../target-options.ts";
import { formatTime } from "../terminal/format.ts";
import { checkedEnd, MOMENT_FORMS, type Moment, parseDuration, parseMoment, parseTime } from "../time.ts";
import { withServer } from "../with-server.ts";

interface Flags extends Target {
  readonly from?: string;
  readonly to?: string;
  readonly clock: "producer" | "server";
  readonly dash?: boolean;
  readonly ts?: boolean;
  readonly lowLatency?: boolean;
  readonly expires: string;
  readonly player?: PlayerName;
  readonly page?: boolean;
}

/** How long a session lasts (AWS docs, "Expires"), in milliseconds. */
const SHORTEST_MS = 300_000;
const LONGEST_MS = 43_200_000;

const FOOTER = `
Without --from what arrives is played; with --from alone what is stored from there on, at playing speed and on into what arrives; with --from and
--to that range, which can be sought. The first fragment is the one that --from lies in. Whoever has the URL can play it, and nothing else, until
it expires. --page and --low-latency are Kvass's own; AWS has no such thing.`;

/** `kvass play STREAM`: prints the URL of a streaming session, and opens a player where one is named. */
export function configure(command: Command): void {
  command
    .argument("<STREAM>", "stream to play, by name")
    .option("--from <TIME>", `where to begin: ${MOMENT_FORMS}`)
    .option("--to <TIME>", "where to end")
    .addOption(
      new Option("--clock <CLOCK>", "times are those of the producer or of the server")
        .choices(["producer", "server"])
        .default("producer"),
    )
    .option("--dash", "DASH instead of HLS")
    .option("--ts", "HLS with MPEG-TS segments, for old players")
    .option("--low-latency", "HLS with parts of segments, for what arrives")
    .option("--expires <DURATION>", "how long the URL can be used, 5m to 12h", "12h")
    .addOption(new Option("--player <NAME>", "open it in this player").choices([...PLAYER_NAMES]))
    .option("--page", "print the link of the server's playback page instead")
    .addHelpText("after", FOOTER)
    .action(play);
  addTargetOptions(command);
}

async function play(stream: string, flags: Flags): Promise<void> {
  checkTogether(flags);
  const expiresSeconds = expiryOf(flags.expires);
  const times = timesOf(flags, Date.now());
  const { sessionUrl, withLowLatency, pageOf } = await import("../playback/session-url.ts");
  const { clock, lowLatency = false } = flags;
  const format = flags.dash ? "dash" : flags.ts ? "hls-ts" : "hls";
  const url = await withServer({ target: flags, stream }, async (connection) => {
    const range = await rangeOf(connection, stream, clock, times);
    const session = await sessionUrl({ connection, stream, format, range, clock, expiresSeconds });
    return lowLatency ? withLowLatency(session) : session;
  });
  process.stdout.write(`${flags.page ? pageOf(url) : url}\n`);
  if (flags.player === undefined) return;
  const { openPlayer } = await import("../playback/player.ts");
  process.exitCode = await openPlayer(flags.player, url);
}

/** Throws {@link CliError} where options are given that do not go together. */
function checkTogether({ from, to, dash, ts, lowLatency, page, player }: Flags): void {
  const wrong: [boolean | undefined, string][] = [
    [to !== undefined && from === undefined, "--to needs --from"],
    [dash && ts, "--dash and --ts exclude each other"],
    [lowLatency && (dash || ts), "--low-latency is HLS with fragmented MP4: not with --dash or --ts"],
    [lowLatency && from !== undefined, "--low-latency is for what arrives: not with --from"],
    [page && dash, "the page plays HLS: --page does not go with --dash"],
    [page && player !== undefined, "--page and --player exclude each other"],
  ];
  const found = wrong.find(([is]) => is === true);
  if (found !== undefined) throw new CliError(found[1], { exitCode: USAGE });
}

function expiryOf(text: string): number {
  const ms = parseDuration(text, "--expires");
  if (ms < SHORTEST_MS || ms > LONGEST_MS) throw new CliError("--expires: expected 5m to 12h", { exitCode: USAGE });
  return Math.floor(ms / 1000);
}

interface Times {
  readonly from: Moment;
  readonly to: number | undefined;
}

function timesOf(flags: Flags, now: number): Times | undefined {
  if (flags.from === undefined) return undefined;
  const from = parseMoment(flags.from, "--from", now);
  if (flags.to !== undefined) return { from, to: checkedEnd(from, parseTime(flags.to, "--to", now)) };
  // A replay begins with what is stored; without --from what is to come is played.
  if (from !== "earliest" && from > now) throw new CliError("--from lies in the future", { exitCode: USAGE });
  return { from, to: undefined };
}

/** From where the fragment begins that `from` lies in: a session has only those that begin in its range. */
async function rangeOf(
  connection: Connection,
  stream: string,
  clock: Flags["clock"],
  times: Times | undefined,
): Promise<SessionRequest["range"]> {
  if (times === undefined) return undefined;
  const { beginOfRange, spanOfRange } = await import("../recording/stored-range.ts");
  const request = { connection, stream, ...times, clock };
  if (times.to === undefined) return { from: await beginOfRange(request), to: undefined };
  const { start, end, beyond } = await spanOfRange(request);
  if (beyond === undefined) return { from: start, to: end };
  const [begin, last, next] = [start, end, beyond].map((time) => formatTime(new Date(time)));
  throw new CliError(
    `${stream} holds more than the 24 h that a range may span from ${begin} on: --to ${last} ends one there, --from ${next} begins the next; ` +
      "without --to it is a replay of any length",
  );
}
