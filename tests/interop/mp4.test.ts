/**
 * What ffmpeg encodes is written as fragmented and as progressive MP4. ffprobe, mediabunny and mp4box then find the packets that
 * ffprobe finds in the Matroska file, and ffmpeg decodes the same pictures and sounds without a word.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { describeTrack, type MatroskaPacket, parameterSets, toAnnexB } from "@kvass/media";
import { BufferSource, EncodedPacketSink, Input, MP4 } from "mediabunny";
import { createFile, type ISOFile, MP4BoxBuffer } from "mp4box";
import {
  decodedFrames,
  decodedSound,
  fragmentedFile,
  output,
  type ProbedPacket,
  packetsIn,
  probePackets,
  progressiveFile,
} from "../support/media-files.ts";

const PICTURE = "-f lavfi -i testsrc2=size=322x182:rate=25:duration=3";
const FEW_PICTURES = "-f lavfi -i testsrc2=size=192x108:rate=10:duration=2";
const TONE = "-f lavfi -i sine=frequency=440:duration=3:sample_rate=48000";
const LATE_TONE = `-itsoffset 0.7 ${TONE}`;
const H264 = "-c:v libx264 -preset ultrafast -g 25";
const H265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=3:keyint=25";
const HDR = "-pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc";
const AV1 = "-c:v libaom-av1 -cpu-used 8 -g 10";
const VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 10";

/** What is encoded; `regrouped` is the stream whose sound readers may cut anew, as they do with G.711. */
const SOURCES: { name: string; args: string; regrouped?: number }[] = [
  { name: "h264-aac", args: `${PICTURE} ${TONE} ${H264} -bf 3 -c:a aac` },
  { name: "h264-anamorphic", args: `${PICTURE} ${H264} -vf setsar=4/3` },
  { name: "h264-late-sound", args: `${PICTURE} ${LATE_TONE} ${H264} -bf 2 -c:a aac` },
  { name: "h264-alaw", args: `${PICTURE} ${TONE} ${H264} -c:a pcm_alaw -ar 8000`, regrouped: 1 },
  { name: "h265-opus", args: `${PICTURE} ${TONE} ${H265} ${HDR} -c:a libopus` },
  { name: "av1-mp3", args: `${FEW_PICTURES} ${TONE} ${AV1} -c:a libmp3lame` },
  { name: "vp9-mulaw", args: `${FEW_PICTURES} ${TONE} ${VP9} -c:a pcm_mulaw`, regrouped: 1 },
  { name: "aac-only", args: `${TONE} -ar 44100 -c:a aac` },
];

/** Stamps of Matroska are whole milliseconds; those of samples are exact within a tick. */
const TOLERANCE = 0.001_05;
/** Seconds that a fragmented file's times are moved by, as those of a session are. */
const SHIFT = 10;

const folder = mkdtempSync(join(tmpdir(), "kvass-mp4-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function encode(name: string, args: string): string {
  const path = join(folder, `${name}.mkv`);
  output("ffmpeg", ["-v", "error", "-y", ...args.split(" "), path]);
  return path;
}

const STREAM_FIELDS =
  "codec_name,profile,width,height,has_b_frames,sample_aspect_ratio,pix_fmt,level,sample_rate,channels";
const COLOR_FIELDS = "color_range,color_space,color_transfer,color_primaries";

/** What ffprobe finds about the streams of a file, whatever container it is; pixels are square unless it says otherwise. */
function probeStreams(path: string): Record<string, unknown>[] {
  const entries = `stream=${STREAM_FIELDS},${COLOR_FIELDS}`;
  const { stdout } = output("ffprobe", ["-v", "warning", "-show_entries", entries, "-of", "json", path]);
  const { streams } = JSON.parse(stdout) as { streams: Record<string, unknown>[] };
  return streams.map((stream) => ({ sample_aspect_ratio: "1:1", ...stream }));
}

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Sound that is cut anew has the same bytes from the same moment on. */
function assertSameSound(own: readonly ProbedPacket[], packets: readonly ProbedPacket[], shift: number): void {
  const total = (all: readonly ProbedPacket[]): number => all.reduce((sum, { bytes }) => sum + bytes, 0);
  assert.equal(total(own), total(packets));
  assert.ok(Math.abs(own[0]!.presented - packets[0]!.presented - shift) <= TOLERANCE);
}

function assertSamePackets(own: readonly ProbedPacket[], packets: readonly ProbedPacket[], shift: number): void {
  assert.deepEqual(
    own.map(({ bytes, keyframe }) => [bytes, keyframe]),
    packets.map(({ bytes, keyframe }) => [bytes, keyframe]),
  );
  packets.forEach(({ presented }, i) => {
    const off = Math.abs(own[i]!.presented - presented - shift);
    assert.ok(off <= TOLERANCE, `packet ${i} is ${off} s off`);
  });
}

/** Of the last frame of sound Matroska can say how much is padding, of which a live stream knows nothing. */
function assertSameDecoded(path: string, source: string, stream: string): void {
  const decoded = decodedFrames(path, stream);
  const wanted = decodedFrames(source, stream);
  assert.ok(wanted.length > 10);
  assert.equal(decoded.length, wanted.length);
  assert.deepEqual(decoded.slice(0, -1), wanted.slice(0, -1));
}

async function readByMediabunny(bytes: Uint8Array): Promise<ProbedPacket[][]> {
  const input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
  const tracks = await input.getTracks();
  const streams = tracks.map(async (track, stream): Promise<ProbedPacket[]> => {
    const packets: ProbedPacket[] = [];
    for await (const packet of new EncodedPacketSink(track).packets()) {
      packets.push({ stream, presented: packet.timestamp, bytes: packet.byteLength, keyframe: packet.type === "key" });
    }
    return packets;
  });
  const read = await Promise.all(streams);
  input.dispose();
  return read;
}

function parseByMp4box(bytes: Uint8Array): ISOFile<unknown, unknown> {
  const file = createFile(true);
  const problems: string[] = [];
  file.onError = (module, message) => problems.push(`${module}: ${message}`);
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.slice().buffer, 0), true);
  file.flush();
  assert.deepEqual(problems, []);
  return file;
}

/** mp4box finds the frames where they lie in the file, each as a key frame or not. */
function assertFramesByMp4box(
  file: ISOFile<unknown, unknown>,
  bytes: Uint8Array,
  packets: readonly MatroskaPacket[],
): void {
  const numbers = [...new Set(packets.map(({ track }) => track.number))].sort((a, b) => a - b);
  numbers.forEach((number, i) => {
    const own = packets.filter(({ track }) => track.number === number);
    if (own[0]!.track.codecId === "A_MS/ACM") return;
    const samples = file.getTrackSamplesInfo(i + 1);
    assert.equal(samples.length, own.length);
    samples.forEach(({ offset, size, is_sync }, j) => {
      assert.equal(is_sync, own[j]!.keyframe || own[j]!.track.type === "audio");
      assert.ok(Buffer.from(bytes.buffer, bytes.byteOffset + offset, size).equals(own[j]!.data), `frame ${j}`);
    });
  });
}

interface Node {
  type?: string;
  has_unparsed_data?: boolean;
  boxes?: Node[];
  entries?: unknown[];
}

/** Types of boxes that mp4box could not read to their end. */
function unreadBoxes(nodes: readonly Node[]): string[] {
  return nodes.flatMap(({ type = "", has_unparsed_data, boxes = [] }) => [
    ...(has_unparsed_data ? [type] : []),
    ...unreadBoxes(boxes),
  ]);
}

for (const { name, args, regrouped } of SOURCES) {
  test(`${name}: fragmented and progressive files hold what the Matroska file does`, async () => {
    const source = encode(name, args);
    const expected = probePackets(source);
    const packets = packetsIn(readFileSync(source));
    const earliest = Math.min(...expected.flat().map(({ presented }) => presented));
    const files = [
      { kind: "fragmented", bytes: fragmentedFile(packets, SHIFT), shift: SHIFT },
      { kind: "progressive", bytes: progressiveFile(packets), shift: -earliest },
    ];
    for (const { kind, bytes, shift } of files) {
      const path = write(`${name}-${kind}.mp4`, bytes);
      const readers = { ffprobe: probePackets(path), mediabunny: await readByMediabunny(bytes) };
      expected.forEach((wanted, stream) => {
        for (const [reader, found] of Object.entries(readers)) {
          assert.equal(found.length, expected.length, reader);
          // Runs of samples that are alike make one packet for mediabunny even in a fragment.
          const cutAnew = stream === regrouped && (kind === "progressive" || reader === "mediabunny");
          (cutAnew ? assertSameSound : assertSamePackets)(found[stream]!, wanted, shift);
        }
        if (stream === regrouped) assert.equal(decodedSound(path, `${stream}`), decodedSound(source, `${stream}`));
        else assertSameDecoded(path, source, `${stream}`);
      });
      const file = parseByMp4box(bytes);
      assert.deepEqual(unreadBoxes(file.boxes as Node[]), []);
      assertFramesByMp4box(file, bytes, packets);
      assert.deepEqual(probeStreams(path), probeStreams(source));
    }
  });
}

test("a producer that sends H.264 with start codes and no set-up is played as if it sent lengths", () => {
  const source = encode("start-codes", `${PICTURE} ${H264} -bf 2`);
  const packets = packetsIn(readFileSync(source));
  const codec = describeTrack(packets[0]!.track);
  assert.ok(codec.kind === "video");
  const sets = Buffer.concat(parameterSets(codec).flatMap((set) => [Buffer.of(0, 0, 0, 1), set]));
  const track = { ...packets[0]!.track, codecPrivate: undefined };
  const bare = packets.map((packet): MatroskaPacket => {
    const stream = toAnnexB(packet.data, codec.nalLengthBytes);
    return { ...packet, track, data: packet.keyframe ? Buffer.concat([sets, stream]) : stream };
  });
  for (const bytes of [fragmentedFile(bare, SHIFT), progressiveFile(bare)]) {
    const path = write("start-codes.mp4", bytes);
    assert.deepEqual(probeStreams(path), probeStreams(source));
    assert.deepEqual(decodedFrames(path, "0"), decodedFrames(source, "0"));
  }
});
