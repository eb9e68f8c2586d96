import assert from "node:assert/strict";
import type { Random } from "../../fuzz/random.ts";
import { CREDENTIALS } from "../../support/server.ts";
import { signedJsonRequest } from "../../support/sign.ts";
import { chunksCheck, clusterOf, deletableCheck, exactCheck, type Footage, framesOf } from "./footage.ts";
import { type Ask, answer, type Place } from "./wire.ts";

/** What can be asked for again and again, and about how long the answer is. */
export interface Target {
  readonly kind: string;
  readonly bytes: number;
  /** Whether the answer goes on for as long as its stream is written to. */
  readonly isEndless?: boolean;
  ask(random: Random): Ask;
}

/** A signed call, signed anew each time. */
export const call = (place: Place, path: string, input: object): string =>
  signedJsonRequest({ url: place.url, path, ...CREDENTIALS }, input);

/** The JSON that a call is answered with. */
export async function called<Output>(place: Place, path: string, input: object): Promise<Output> {
  return JSON.parse((await answer(place, call(place, path, input))).toString()) as Output;
}

/** A call whose answer does not change: it is made once while nobody else reads. */
async function fixedCall(
  place: Place,
  kind: string,
  path: string,
  input: object,
  verify: (bytes: Buffer) => void,
): Promise<Target> {
  const expected = await answer(place, call(place, path, input));
  verify(expected);
  const ask = (): Ask => ({ text: call(place, path, input), check: exactCheck(kind, expected) });
  return { kind, bytes: expected.length, ask };
}

const get = ({ url }: Place, target: string, method = "GET", more = ""): string =>
  `${method} ${target} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${more}\r\n`;

/** Media at a URL, asked for whole, in part, by its head, or where it has not changed. */
async function media(place: Place, kind: string, url: URL, verify: (bytes: Buffer) => void): Promise<Target> {
  const target = url.pathname + url.search;
  let etag = "";
  const expected = await answer(place, get(place, target));
  verify(expected);
  const noteTag = (headers: ReadonlyMap<string, string>): void => {
    etag = headers.get("etag")!;
  };
  const whole = (): Ask => {
    const check = exactCheck(kind, expected);
    const begin = (status: number, headers: ReadonlyMap<string, string>): void => {
      check.begin!(status, headers);
      noteTag(headers);
    };
    return { text: get(place, target), check: { ...check, begin } };
  };
  const ask = (random: Random): Ask => {
    const way = random.below(10);
    if (way === 0) return { text: get(place, target, "HEAD"), check: exactCheck(`HEAD ${kind}`, expected, 200, 0, 0) };
    if (way === 1 && etag !== "") {
      return {
        text: get(place, target, "GET", `If-None-Match: ${etag}\r\n`),
        check: exactCheck(`304 ${kind}`, expected, 304, 0, 0),
      };
    }
    if (way > 4) return whole();
    const from = random.below(expected.length);
    const to = from + random.below(expected.length - from);
    const check = exactCheck(`range of ${kind}`, expected, 206, from, to + 1);
    return { text: get(place, target, "GET", `Range: bytes=${from}-${to}\r\n`), check };
  };
  return { kind, bytes: expected.length, ask };
}

/** Holds that a file ends with these frames: nothing comes behind the media of MP4 that is streamed. */
const endsWith =
  (frames: readonly Buffer[]) =>
  (file: Buffer): void => {
    const payload = Buffer.concat(frames);
    assert.ok(file.subarray(-payload.length).equals(payload));
  };

/** Holds that a transport stream has a fragment's frames: nothing but them is so much of it. */
const carries =
  ({ mark }: Footage, frames: readonly Buffer[]) =>
  (file: Buffer): void => {
    let own = 0;
    for (const byte of file) if (byte >> 4 === mark && (byte & 8) !== 0) own++;
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    assert.ok(
      own >= bytes - 16 * frames.length && own < bytes + file.length / 50,
      `${own} of ${bytes} in ${file.length}`,
    );
  };

const selector = (start: number, seconds: number) => ({
  FragmentSelectorType: "PRODUCER_TIMESTAMP",
  TimestampRange: { StartTimestamp: start / 1000, EndTimestamp: start / 1000 + seconds },
});

async function hls(
  place: Place,
  footage: Footage,
  start: number,
  container: "FRAGMENTED_MP4" | "MPEG_TS",
): Promise<Target[]> {
  const { name: StreamName, fragments } = footage;
  const input = {
    StreamName,
    PlaybackMode: "ON_DEMAND",
    ContainerFormat: container,
    HLSFragmentSelector: selector(start, 60),
  };
  const { HLSStreamingSessionURL: url } = await called<{ HLSStreamingSessionURL: string }>(
    place,
    "/getHLSStreamingSessionURL",
    input,
  );
  const playlist = new URL(url.replace("getHLSMasterPlaylist", "getHLSMediaPlaylist"));
  playlist.searchParams.set("TrackNumber", "1");
  const text = (await answer(place, get(place, playlist.pathname + playlist.search))).toString();
  const uris = text.match(/^[^#\n].*$/gm) ?? [];
  assert.equal(uris.length, fragments, text);
  const check = (fragment: number): ((file: Buffer) => void) => {
    const frames = framesOf(footage, fragment);
    return container === "MPEG_TS" ? carries(footage, frames) : endsWith(frames);
  };
  const targets: Target[] = [];
  for (const [i, uri] of uris.entries()) {
    targets.push(await media(place, `${container} ${i} of ${StreamName}`, new URL(uri, playlist), check(i)));
  }
  return targets;
}

async function dash(place: Place, footage: Footage, start: number): Promise<Target[]> {
  const { name: StreamName, fragments } = footage;
  const input = { StreamName, PlaybackMode: "ON_DEMAND", DASHFragmentSelector: selector(start, 60) };
  const { DASHStreamingSessionURL: url } = await called<{ DASHStreamingSessionURL: string }>(
    place,
    "/getDASHStreamingSessionURL",
    input,
  );
  const manifest = new URL(url);
  const text = (await answer(place, get(place, manifest.pathname + manifest.search))).toString();
  const template = / media="([^"]+)"/.exec(text)![1]!.replaceAll("&amp;", "&");
  const targets: Target[] = [];
  for (let i = 0; i < fragments; i++) {
    const at = new URL(template.replace("$Number$", String(i + 1)), manifest);
    targets.push(await media(place, `DASH ${i} of ${StreamName}`, at, endsWith(framesOf(footage, i))));
  }
  return targets;
}

/** GetMedia of a stream, from its beginning or from now on. */
export const chunks = (place: Place, { name, mark }: Footage, from: "EARLIEST" | "NOW", bytes: number): Target => ({
  kind: `GetMedia ${from} of ${name}`,
  bytes,
  ask: () => ({
    text: call(place, "/getMedia", { StreamName: name, StartSelector: { StartSelectorType: from } }),
    check: chunksCheck(mark),
  }),
});

/** All that can be asked for of recorded footage, once it is known to be right while nobody else reads. */
export async function targetsOf(place: Place, footage: Footage, start: number): Promise<Target[]> {
  const { name: StreamName, fragments, frameBytes } = footage;
  const input = { StreamName, FragmentSelector: selector(start, 60) };
  const listed = await called<{ Fragments: { FragmentNumber: string }[] }>(place, "/listFragments", input);
  const Fragments = listed.Fragments.map(({ FragmentNumber }) => FragmentNumber).sort();
  assert.equal(Fragments.length, fragments);
  const clusters = Fragments.map((_, i) => clusterOf(footage, i, start));
  const frames = Fragments.map((_, i) => framesOf(footage, i));
  const list = await fixedCall(
    place,
    `list of ${StreamName}`,
    "/getMediaForFragmentList",
    { StreamName, Fragments },
    (bytes) => {
      for (const cluster of clusters) assert.ok(bytes.includes(cluster));
    },
  );
  const clip = (seconds: number): Promise<Target> => {
    const input = { StreamName, ClipFragmentSelector: selector(start, seconds) };
    return fixedCall(
      place,
      `clip of ${seconds} s of ${StreamName}`,
      "/getClip",
      input,
      endsWith(frames.slice(0, seconds + 1).flat()),
    );
  };
  const playback = [
    ...(await hls(place, footage, start, "FRAGMENTED_MP4")),
    ...(await hls(place, footage, start, "MPEG_TS")),
    ...(await dash(place, footage, start)),
  ];
  const everything = fragments * frames[0]!.length * frameBytes;
  return [chunks(place, footage, "EARLIEST", everything), list, await clip(1), await clip(60), ...playback];
}

/** Images of a stream of real video. */
export const imagesOf = (place: Place, StreamName: string, start: number, seconds: number): Promise<Target> =>
  fixedCall(
    place,
    `images of ${StreamName}`,
    "/getImages",
    {
      StreamName,
      ImageSelectorType: "PRODUCER_TIMESTAMP",
      StartTimestamp: start / 1000,
      EndTimestamp: start / 1000 + seconds,
      SamplingInterval: 1000,
      Format: "JPEG",
    },
    (bytes) =>
      assert.equal(
        bytes.toString().match(/"ImageContent":"[^"]{1000}/g)?.length,
        seconds,
        bytes.toString("latin1", 0, 500),
      ),
  );

/** The same targets of a stream that will be deleted, whose list of fragments names those then that are gone. */
export const deletable = (targets: readonly Target[], { mark }: Footage): Target[] =>
  targets.map((target) => ({
    ...target,
    ask: (random) => {
      const { text, check } = target.ask(random);
      return { text, check: deletableCheck(target.kind.startsWith("list") ? chunksCheck(mark) : check) };
    },
  }));
