/**
 * What muxers in use write goes in by PutMedia and comes out by GetMedia: each chunk a file that ffmpeg and mkvinfo read without a
 * word, and all packets, as ffprobe sees them, equal to those of the file that went in.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { GetMediaCommand, KinesisVideoMediaClient } from "@aws-sdk/client-kinesis-video-media";
import { contentsOf } from "../support/in-process.ts";
import { PutMediaSocket } from "../support/put-media-socket.ts";
import { TestServer } from "../support/server.ts";

const run = promisify(execFile);
const MAX_OUTPUT = 64 * 2 ** 20;

/** 3 seconds of moving picture and a tone. */
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3"];
const TONE = ["-f", "lavfi", "-i", "sine=frequency=440:duration=3"];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-b:v", "2M"];
const AAC = ["-c:a", "aac"];
/** `PATH` stands for the file to write. */
const SOURCES: [what: string, command: string, args: string[]][] = [
  [
    "ffmpeg to a pipe: a cluster each 50 kB",
    "ffmpeg",
    [...PICTURE, ...TONE, ...H264, ...AAC, "-f", "matroska", "-live", "1", "PATH"],
  ],
  [
    "ffmpeg to a file: SeekHead, Cues, reordered frames",
    "ffmpeg",
    [
      ...PICTURE,
      ...TONE,
      "-c:v",
      "libx264",
      "-preset",
      "veryfast",
      "-bf",
      "3",
      "-g",
      "50",
      ...AAC,
      "-f",
      "matroska",
      "PATH",
    ],
  ],
  [
    "ffmpeg with clusters of a second",
    "ffmpeg",
    [
      ...PICTURE,
      ...TONE,
      ...H264,
      ...AAC,
      "-cluster_time_limit",
      "1000",
      "-cluster_size_limit",
      "8000000",
      "-f",
      "matroska",
      "PATH",
    ],
  ],
  [
    "WebM with VP8 and Opus",
    "ffmpeg",
    [...PICTURE, ...TONE, "-c:v", "libvpx", "-b:v", "1M", "-c:a", "libopus", "-f", "webm", "PATH"],
  ],
  [
    "H.265 alone",
    "ffmpeg",
    [
      ...PICTURE,
      "-c:v",
      "libx265",
      "-preset",
      "ultrafast",
      "-x265-params",
      "log-level=none:keyint=25",
      "-f",
      "matroska",
      "PATH",
    ],
  ],
  ["G.711 alone", "ffmpeg", [...TONE, "-c:a", "pcm_alaw", "-ar", "8000", "-f", "matroska", "PATH"]],
  [
    "GStreamer, streamable: clusters of unknown size",
    "gst-launch-1.0",
    `-q videotestsrc num-buffers=75 ! video/x-raw,width=320,height=180,framerate=25/1 ! x264enc key-int-max=25 tune=zerolatency
     ! h264parse ! queue ! matroskamux streamable=true name=m ! filesink location=PATH
     audiotestsrc num-buffers=129 ! audioconvert ! avenc_aac ! aacparse ! queue ! m.`.split(/\s+/),
  ],
];

const folder = mkdtempSync(join(tmpdir(), "kvass-interop-"));
let server: TestServer;
before(async () => {
  server = await TestServer.start({ flags: ["--reader-idle-seconds", "0.1"] });
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** What a demuxer says where a track's frames are all in other files, as they may be in a cluster that was cut by size. */
const NO_FRAMES = /Could not find codec parameters|Consider increasing/;

/** Each packet as ffprobe sees it: track, time, size, flags and hash. Fails where its demuxer has anything to say of the file. */
async function packetsOf(path: string): Promise<string[]> {
  const fields = "packet=stream_index,pts,size,flags,data_hash";
  const args = [
    "-v",
    "warning",
    "-show_packets",
    "-show_data_hash",
    "MD5",
    "-show_entries",
    fields,
    "-of",
    "csv=p=0",
    path,
  ];
  const { stdout, stderr } = await run("ffprobe", args, { maxBuffer: MAX_OUTPUT });
  const complaints = stderr.split("\n").filter((line) => line.startsWith("[matroska") && !NO_FRAMES.test(line));
  assert.deepEqual(complaints, [], path);
  return stdout.trim().split("\n");
}

async function put(stream: string, body: Buffer): Promise<PutMediaSocket> {
  const socket = new PutMediaSocket({
    url: server.url,
    ...server.client.credentials,
    stream,
    timecodeType: "RELATIVE",
  });
  for (let at = 0; at < body.length; at += 16_384) {
    socket.write(body.subarray(at, at + 16_384));
    await socket.drained();
  }
  socket.end();
  const [{ clusters } = { clusters: 0 }] = contentsOf(body);
  let persisted = 0;
  await socket.ack(({ EventType }) => EventType === "ERROR" || (EventType === "PERSISTED" && ++persisted === clusters));
  socket.destroy();
  return socket;
}

const EBML_HEADER = Buffer.from("1a45dfa3", "hex");

/** Cuts an answer of GetMedia into its files, and writes each to the folder. */
function writeChunks(answer: Uint8Array, name: string): string[] {
  const bytes = Buffer.from(answer);
  const starts: number[] = [];
  for (let at = bytes.indexOf(EBML_HEADER); at >= 0; at = bytes.indexOf(EBML_HEADER, at + 4)) starts.push(at);
  return starts.map((start, index) => {
    const path = join(folder, `${name}-${index}.mkv`);
    writeFileSync(path, bytes.subarray(start, starts[index + 1]));
    return path;
  });
}

for (const [index, [what, command, args]] of SOURCES.entries()) {
  test(`${what}: what comes out is what went in`, async () => {
    const path = join(folder, `${index}.mkv`);
    const quiet = command === "ffmpeg" ? ["-v", "error", "-y"] : [];
    await run(command, [...quiet, ...args.map((arg) => arg.replace("PATH", path))]);
    const stream = `interop-${index}`;
    await new KinesisVideoClient(server.client).send(
      new CreateStreamCommand({ StreamName: stream, DataRetentionInHours: 1 }),
    );
    const { acks } = await put(stream, readFileSync(path));
    assert.equal(
      acks.find(({ EventType }) => EventType === "ERROR"),
      undefined,
      JSON.stringify(acks.at(-1)),
    );
    const numbers = acks
      .filter(({ EventType }) => EventType === "PERSISTED")
      .map(({ FragmentNumber }) => FragmentNumber!);
    assert.equal(numbers.length, acks.filter(({ EventType }) => EventType === "BUFFERING").length);

    const { Payload } = await new KinesisVideoMediaClient(server.client).send(
      new GetMediaCommand({ StreamName: stream, StartSelector: { StartSelectorType: "EARLIEST" } }),
    );
    const chunks = writeChunks(await Payload!.transformToByteArray(), `${index}`);
    assert.equal(chunks.length, numbers.length);
    const packets: string[] = [];
    for (const chunk of chunks) {
      packets.push(...(await packetsOf(chunk)));
      const { stderr, stdout } = await run("mkvinfo", ["--all", chunk], { maxBuffer: MAX_OUTPUT });
      assert.equal(stderr, "");
      assert.doesNotMatch(stdout, /error|warning/i);
    }
    assert.deepEqual(packets, await packetsOf(path));

    const list = await new KinesisVideoArchivedMediaClient(server.client).send(
      new GetMediaForFragmentListCommand({ StreamName: stream, Fragments: numbers.slice(-2).reverse() }),
    );
    const [last] = writeChunks(await list.Payload!.transformToByteArray(), `list-${index}`);
    assert.deepEqual(await packetsOf(last!), await packetsOf(chunks.at(-1)!));
  });
}
