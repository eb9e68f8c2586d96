import { type Connection, dataEndpoint, getFragmentListBytes, readFragments } from "@kvass/client";
import { CodecError, describeTrack, type MatroskaTrack } from "@kvass/media";
import { fragmentsInRange, LONGEST_FRAGMENT_MS } from "../archive.ts";
import { heldMedia } from "../retention.ts";

/** A moment of a stream, in milliseconds since the epoch on the clock that is named. */
export interface StreamMoment {
  readonly connection: Connection;
  readonly stream: string;
  readonly time: number;
  readonly clock: "producer" | "server";
}

/** Fragments are mostly shorter, and so is the time for which what arrives is in none that is stored yet. */
const ARRIVING_MS = 20_000;

const IN_SHORT: Readonly<Record<string, string>> = {
  NO_MEDIA: "there is no media of that moment",
  MEDIA_ERROR: "the media of that moment gives no picture",
};

/** What GetImages names as a reason, in words. */
export const inShort = (reason: string): string => IN_SHORT[reason] ?? reason;

/** The same with what the stream itself tells of it: when it holds media, or what its media is. Throws the exceptions of the APIs. */
export async function inFull(reason: string, moment: StreamMoment): Promise<string> {
  if (reason === "MEDIA_ERROR") return (await unpictured(moment)) ?? inShort(reason);
  if (reason !== "NO_MEDIA") return reason;
  if (Date.now() - moment.time < ARRIVING_MS) {
    return `${inShort(reason)}; what arrives has pictures once its fragment is stored`;
  }
  return `${inShort(reason)}${(await heldMedia(moment.connection, moment.stream, moment.clock)) ?? ""}`;
}

/** What keeps the media of a moment from having pictures, where its tracks tell. */
async function unpictured(moment: StreamMoment): Promise<string | undefined> {
  const tracks = await tracksAt(moment);
  if (tracks === undefined) return undefined;
  const video = tracks.find(({ type }) => type === "video");
  if (video === undefined) return "the media of that moment is sound alone";
  return isUnsupported(video)
    ? `the video of that moment is ${video.codecId}; there are pictures of H.264, H.265, AV1 and VP9`
    : undefined;
}

function isUnsupported(track: MatroskaTrack): boolean {
  try {
    describeTrack(track);
    return false;
  } catch (error) {
    return error instanceof CodecError && error.code === "unsupported";
  }
}

/** The tracks of the fragment that a moment lies in. */
async function tracksAt({
  connection,
  stream,
  time,
  clock,
}: StreamMoment): Promise<readonly MatroskaTrack[] | undefined> {
  let found: { readonly number: string; readonly begin: number } | undefined;
  const range = { from: Math.max(0, time - LONGEST_FRAGMENT_MS), to: time, clock };
  for await (const { number, producerTimestamp, serverTimestamp } of fragmentsInRange(connection, stream, range)) {
    const begin = clock === "producer" ? producerTimestamp : serverTimestamp;
    if (found === undefined || begin > found.begin) found = { number, begin };
  }
  if (found === undefined) return undefined;
  const endpoint = await dataEndpoint(connection, "GET_MEDIA_FOR_FRAGMENT_LIST", { streamName: stream });
  const request = { connection, stream: { streamName: stream }, endpoint, fragments: [found.number] };
  for await (const { header } of readFragments(getFragmentListBytes(request))) return header.tracks;
  return undefined;
}
