import {
  GetHLSStreamingSessionURLCommand,
  type GetHLSStreamingSessionURLCommandInput,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { TestServer } from "../../tests/support/server.ts";
import { type KeptConnection, textOf } from "./kept-connection.ts";

/** The official client, for as long as `use` needs it. */
export async function withArchive<Result>(
  server: TestServer,
  use: (client: KinesisVideoArchivedMediaClient) => Promise<Result>,
): Promise<Result> {
  const client = new KinesisVideoArchivedMediaClient({ ...server.client, maxAttempts: 1 });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

/** Path and query of a new session's Multivariant Playlist. */
export async function hlsSession(
  client: KinesisVideoArchivedMediaClient,
  input: GetHLSStreamingSessionURLCommandInput,
): Promise<string> {
  const { HLSStreamingSessionURL } = await client.send(new GetHLSStreamingSessionURLCommand(input));
  const { pathname, search } = new URL(HLSStreamingSessionURL!);
  return pathname + search;
}

/** The URIs of a playlist, whole: lines that are none, and those in attributes; in order, each once. */
export function targetsIn(playlist: string, base: string): string[] {
  const folder = base.slice(0, base.lastIndexOf("/", base.indexOf("?")) + 1);
  const names = [...playlist.matchAll(/^[^#\n].*$|URI="([^"]*)"/gm)].map(([line, attribute]) => attribute ?? line);
  return [...new Set(names)].map((name) => folder + name);
}

/** The Media Playlists that a Multivariant Playlist names. */
export async function mediaPlaylists(connection: KeptConnection, multivariant: string): Promise<string[]> {
  return targetsIn(await textOf(connection, multivariant), multivariant);
}
