import { setTimeout as sleep } from "node:timers/promises";
import {
  GetDASHStreamingSessionURLCommand,
  GetHLSStreamingSessionURLCommand,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { type Connection, dataEndpoint } from "@kvass/client";
import { CliError } from "../errors.ts";
import { heldMedia, nothingStored } from "../retention.ts";

/** Which streaming session. Times in milliseconds since the epoch, by the clock that is named. */
export interface SessionRequest {
  readonly connection: Connection;
  readonly stream: string;
  readonly format: "hls" | "hls-ts" | "dash";
  /** What arrives where there is none; from there on into what arrives, at playing speed, where `to` is undefined. */
  readonly range: { readonly from: number; readonly to: number | undefined } | undefined;
  readonly clock: "producer" | "server";
  /** How long the URL can be used (AWS docs, "Expires"): 300 to 43,200. */
  readonly expiresSeconds: number;
}

/** Segments that playlists of what arrives show: enough for players that stay three of them behind, and to go back a little. */
const MOVING_WINDOW = 10;
/** The query parameter by which a Kvass server makes a live HLS session one of low latency. */
const LOW_LATENCY = ["LowLatency", "1"] as const;

/**
 * How long the first fragment of what arrives is waited for, and how often it is asked for, in milliseconds: producers mostly begin one every two
 * seconds, and it counts once it has ended.
 */
const FIRST_FRAGMENT_WITHIN_MS = 4000;
const ASK_EVERY_MS = 500;

/**
 * Begins a streaming session and resolves to its URL; for what arrives, a first fragment is waited for a moment. Rejects with the exceptions of the
 * API, and CliError where there is nothing to play.
 */
export async function sessionUrl(request: SessionRequest): Promise<string> {
  const { connection, stream, format, range } = request;
  const api = format === "dash" ? "GET_DASH_STREAMING_SESSION_URL" : "GET_HLS_STREAMING_SESSION_URL";
  const endpoint = await dataEndpoint(connection, api, { streamName: stream });
  const { region, credentials } = connection;
  const client = new KinesisVideoArchivedMediaClient({ endpoint, region, credentials });
  const giveUpAt = Date.now() + (range === undefined ? FIRST_FRAGMENT_WITHIN_MS : 0);
  try {
    for (;;) {
      const url = await begun(client, request);
      if (url !== undefined) return url;
      if (Date.now() >= giveUpAt) throw await nothingThere(request);
      await sleep(ASK_EVERY_MS);
    }
  } finally {
    client.destroy();
  }
}

/** The URL of a session; undefined where there is nothing to play. Rejects with the exceptions of the API, and CliError. */
async function begun(client: KinesisVideoArchivedMediaClient, request: SessionRequest): Promise<string | undefined> {
  try {
    const url = await (request.format === "dash" ? dash(client, request) : hls(client, request));
    if (url === undefined) throw new CliError("the server named no URL");
    return url;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The stream exists, or else there would be no endpoint.
    if (error.name === "ResourceNotFoundException") return undefined;
    if (error.name === "NoDataRetentionException") throw unplayable(request.stream, error);
    throw error;
  }
}

const unplayable = (stream: string, cause: Error): CliError =>
  new CliError(
    `${stream} cannot be played: sessions play what is stored, also of what arrives, and its retention is 0 h (NoDataRetention); ` +
      `kvass retain ${stream} 1 keeps an hour, kvass get ${stream} --from now -o - | ffplay - shows what arrives`,
    { cause },
  );

async function nothingThere({ connection, stream, range, clock }: SessionRequest): Promise<CliError> {
  if (range !== undefined) return nothingStored(connection, stream, clock);
  const held = await heldMedia(connection, stream, clock);
  if (held === undefined) return new CliError(`${stream} holds no media yet: a fragment counts once it has ended`);
  return new CliError(`${stream} is not live now${held}; --from plays that`);
}

/** What both calls take, in the same words. */
function common({ stream, range, expiresSeconds }: SessionRequest) {
  const mode = range === undefined ? "LIVE" : range.to === undefined ? "LIVE_REPLAY" : "ON_DEMAND";
  return { StreamName: stream, PlaybackMode: mode, Expires: expiresSeconds } as const;
}

const windowOf = ({ range }: SessionRequest): number | undefined =>
  range?.to === undefined ? MOVING_WINDOW : undefined;

function selector({ clock, range }: SessionRequest) {
  const type = clock === "producer" ? "PRODUCER_TIMESTAMP" : "SERVER_TIMESTAMP";
  if (range === undefined) return { FragmentSelectorType: type } as const;
  const { from, to } = range;
  const span = { StartTimestamp: new Date(from), EndTimestamp: to === undefined ? undefined : new Date(to) };
  return { FragmentSelectorType: type, TimestampRange: span } as const;
}

/** Players need no mark where one fragment goes on where the last ended, and show the moment where the playlist tells it. */
async function hls(client: KinesisVideoArchivedMediaClient, request: SessionRequest): Promise<string | undefined> {
  const command = new GetHLSStreamingSessionURLCommand({
    ...common(request),
    HLSFragmentSelector: selector(request),
    ContainerFormat: request.format === "hls-ts" ? "MPEG_TS" : "FRAGMENTED_MP4",
    DiscontinuityMode: "ON_DISCONTINUITY",
    DisplayFragmentTimestamp: "ALWAYS",
    MaxMediaPlaylistFragmentResults: windowOf(request),
  });
  return (await client.send(command)).HLSStreamingSessionURL;
}

async function dash(client: KinesisVideoArchivedMediaClient, request: SessionRequest): Promise<string | undefined> {
  const command = new GetDASHStreamingSessionURLCommand({
    ...common(request),
    DASHFragmentSelector: selector(request),
    DisplayFragmentTimestamp: "ALWAYS",
    MaxManifestFragmentResults: windowOf(request),
  });
  return (await client.send(command)).DASHStreamingSessionURL;
}

/** The same session with low latency; for a live session of HLS that a Kvass server has made. */
export function withLowLatency(session: string): string {
  const url = new URL(session);
  url.searchParams.set(...LOW_LATENCY);
  return url.href;
}

/** The page of a Kvass server that plays a session of its own. What follows `#` stays in the browser. */
export const pageOf = (session: string): string => `${new URL(session).origin}/play#${session}`;
