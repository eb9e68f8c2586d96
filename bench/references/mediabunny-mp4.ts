/** `mediabunny-mp4.ts SOURCE TARGET`: copies the packets of a Matroska file into an MP4 file and prints `{bytes, ms}`. */
import { stat } from "node:fs/promises";
import { ALL_FORMATS, Conversion, FilePathSource, FilePathTarget, Input, Mp4OutputFormat, Output } from "mediabunny";

const [source, target] = process.argv.slice(2);
const started = performance.now();
const input = new Input({ source: new FilePathSource(source!), formats: ALL_FORMATS });
const output = new Output({ format: new Mp4OutputFormat({ fastStart: false }), target: new FilePathTarget(target!) });
const conversion = await Conversion.init({ input, output });
if (!conversion.isValid) throw new Error("mediabunny cannot copy the file");
await conversion.execute();
const ms = performance.now() - started;
console.log(JSON.stringify({ bytes: (await stat(target!)).size, ms }));
