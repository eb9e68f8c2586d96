/**
 * `demux-file.ts FILE PASSES`: reads every packet of the Matroska file in chunks of 1 MiB, again and again, and prints
 * `{packets, bytes, ms}` of the last pass.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { MatroskaDemuxer } from "@kvass/media";

const CHUNK_BYTES = 1024 * 1024;

// No packet is kept beyond its call, so one chunk serves for all: a frame that its border cuts is joined in a copy.
const chunk = new Uint8Array(CHUNK_BYTES);

function readPackets(path: string): { packets: number; bytes: number; ms: number } {
  const started = performance.now();
  let packets = 0;
  let bytes = 0;
  const demuxer = new MatroskaDemuxer({
    onPacket({ data }) {
      packets++;
      bytes += data.length;
    },
  });
  const file = openSync(path, "r");
  for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) demuxer.feed(chunk.subarray(0, read));
  demuxer.end();
  closeSync(file);
  return { packets, bytes, ms: performance.now() - started };
}

const [path, passes] = process.argv.slice(2);
for (let pass = 1; pass < Number(passes); pass++) readPackets(path!);
console.log(JSON.stringify(readPackets(path!)));
