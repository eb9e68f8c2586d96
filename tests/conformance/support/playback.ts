import assert from "node:assert/strict";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  GetDASHStreamingSessionURLCommand,
  type GetDASHStreamingSessionURLInput,
  GetHLSStreamingSessionURLCommand,
  type GetHLSStreamingSessionURLInput,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { TestServer } from "../../support/server.ts";

const LOOK_EVERY_MS = 20;

/** The official client of the archive, and what a player does with the URLs that it gets. */
export class Player {
  readonly client: KinesisVideoArchivedMediaClient;

  constructor(server: TestServer) {
    this.client = new KinesisVideoArchivedMediaClient({ ...server.client, maxAttempts: 1 });
    after(() => this.client.destroy());
  }

  /** The URL of a session's Multivariant Playlist. */
  async hls(input: GetHLSStreamingSessionURLInput): Promise<string> {
    const { HLSStreamingSessionURL } = await this.client.send(new GetHLSStreamingSessionURLCommand(input));
    return HLSStreamingSessionURL!;
  }

  /** The URL of a session's manifest. */
  async dash(input: GetDASHStreamingSessionURLInput): Promise<string> {
    const { DASHStreamingSessionURL } = await this.client.send(new GetDASHStreamingSessionURLCommand(input));
    return DASHStreamingSessionURL!;
  }
}

/** The text at a URL, which must be there. */
export async function textAt(url: string | URL): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

/** The text at a URL once it is as wanted. Polls as players do: a fragment is in playlists and manifests a moment after it is durable. */
export async function textOnce(url: string | URL, wanted: (text: string) => boolean): Promise<string> {
  for (;;) {
    const text = await textAt(url);
    if (wanted(text)) return text;
    await sleep(LOOK_EVERY_MS);
  }
}

/** The status that a request is answered with, its body read. */
export async function statusAt(url: string | URL, request?: RequestInit): Promise<number> {
  const response = await fetch(url, request);
  await response.arrayBuffer();
  return response.status;
}

/** The URIs of a playlist, whole: lines that are none, and those in attributes. */
export function urisIn(playlist: string, base: string | URL): string[] {
  const names = [...playlist.matchAll(/^[^#\n].*$|URI="([^"]*)"/gm)].map(([line, attribute]) => attribute ?? line);
  return names.map((name) => new URL(name, base).href);
}

/** The URL of the Media Playlist of a track. */
export function mediaPlaylistOf(multivariant: string, track = 1): URL {
  const url = new URL(multivariant.replace("getHLSMasterPlaylist", "getHLSMediaPlaylist"));
  url.searchParams.set("TrackNumber", String(track));
  return url;
}

/** A playlist or manifest with `TOKEN` for its token, and F0, F1, ... for the given fragment numbers. */
export function readable(text: string, numbers: readonly string[]): string {
  const short = text.replace(/SessionToken=[A-Za-z0-9_-]+~/g, "SessionToken=TOKEN");
  return numbers.reduce((line, number, index) => line.replaceAll(number, `F${index}`), short);
}
