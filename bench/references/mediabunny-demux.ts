/** Reads every packet of the Matroska file named by the first argument with mediabunny, and prints `{packets, bytes, ms}`. */
import { EncodedPacketSink, FilePathSource, Input, MATROSKA } from "mediabunny";

const started = performance.now();
let packets = 0;
let bytes = 0;
const input = new Input({ source: new FilePathSource(process.argv[2]!), formats: [MATROSKA] });
// All tracks at once, so that what one track reads is still at hand for the other.
await Promise.all(
  (await input.getTracks()).map(async (track) => {
    for await (const { data } of new EncodedPacketSink(track).packets()) {
      packets++;
      bytes += data.length;
    }
  }),
);
console.log(JSON.stringify({ packets, bytes, ms: performance.now() - started }));
