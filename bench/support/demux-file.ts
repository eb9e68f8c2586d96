/** Reads every packet of the Matroska file named by the first argument in chunks of 1 MiB, and prints `{packets, bytes, ms}`. */
import { openSync, readSync } from "node:fs";
import { MatroskaDemuxer } from "@kvass/media";

const CHUNK_BYTES = 1024 * 1024;

const started = performance.now();
let packets = 0;
let bytes = 0;
const demuxer = new MatroskaDemuxer({
  onPacket({ data }) {
    packets++;
    bytes += data.length;
  },
});
const file = openSync(process.argv[2]!, "r");
// No packet is kept beyond its call, so one chunk serves for all: a frame that its border cuts is joined in a copy.
const chunk = new Uint8Array(CHUNK_BYTES);
for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) demuxer.feed(chunk.subarray(0, read));
demuxer.end();
console.log(JSON.stringify({ packets, bytes, ms: performance.now() - started }));
