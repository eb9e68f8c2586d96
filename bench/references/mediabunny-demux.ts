/**
 * `mediabunny-demux.ts FILE PASSES`: reads every packet of the Matroska file with mediabunny, again and again, and
 * prints `{packets, bytes, ms}` of the last pass.
 */
import { EncodedPacketSink, FilePathSource, Input, MATROSKA } from "mediabunny";

async function readPackets(path: string): Promise<{ packets: number; bytes: number; ms: number }> {
  const started = performance.now();
  let packets = 0;
  let bytes = 0;
  const input = new Input({ source: new FilePathSource(path), formats: [MATROSKA] });
  // All tracks at once, so that what one track reads is still at hand for the other.
  await Promise.all(
    (await input.getTracks()).map(async (track) => {
      for await (const { data } of new EncodedPacketSink(track).packets()) {
        packets++;
        bytes += data.length;
      }
    }),
  );
  input.dispose();
  return { packets, bytes, ms: performance.now() - started };
}

const [path, passes] = process.argv.slice(2);
for (let pass = 1; pass < Number(passes); pass++) await readPackets(path!);
console.log(JSON.stringify(await readPackets(path!)));
