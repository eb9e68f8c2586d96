import assert from "node:assert/strict";
import { test } from "node:test";
import { type AudioCodec, CodecError } from "../codecs/model.ts";
import { adtsSetUp, MAX_ADTS_PAYLOAD, writeAdtsHeader } from "./adts.ts";

const codecOf = (configuration: string): AudioCodec => ({
  kind: "audio",
  name: "aac",
  rfc6381: "mp4a.40.2",
  sampleRate: 48_000,
  channels: 2,
  samplesPerFrame: 1024,
  configuration: Buffer.from(configuration, "hex"),
});

function header(configuration: string, payloadBytes: number): string {
  const out = new Uint8Array(9);
  assert.equal(writeAdtsHeader(out, 1, adtsSetUp(codecOf(configuration), "A_AAC"), payloadBytes), 8);
  return Buffer.from(out.subarray(1, 8)).toString("hex");
}

/** AudioSpecificConfigs, and what FFmpeg's adts muxer makes of them, or follows from ISO/IEC 14496-3, section 1.A. */
const CONFIGURATIONS: readonly (readonly [name: string, configuration: string, header: string])[] = [
  ["LC, 48 kHz, stereo", "1190", "fff14c80017ffc"],
  ["LC, 44.1 kHz, mono", "1208", "fff15040017ffc"],
  ["LC, 22.05 kHz, 5.1", "13b0", "fff15d80017ffc"],
  ["Main, 96 kHz, mono", "0808", "fff10040017ffc"],
  ["HE-AAC, 24 kHz doubled, stereo", "2b118800", "fff15880017ffc"],
  ["HE-AAC v2, 24 kHz doubled, mono", "eb098800", "fff15840017ffc"],
  ["LC, 48 kHz by its number", "17805dc010", "fff14c80017ffc"],
];
for (const [name, configuration, expected] of CONFIGURATIONS) {
  test(`${name} has its ADTS header`, () => assert.equal(header(configuration, 4), expected));
}

test("lengths up to the greatest have their place", () => {
  assert.equal(header("1190", 0x1000), "fff14c8200fffc");
  assert.equal(header("1190", MAX_ADTS_PAYLOAD), "fff14c83fffffc");
});

const REFUSED: readonly (readonly [name: string, configuration: string, code: string])[] = [
  ["frames of 960 samples", "1194", "unsupported"],
  ["channels of a program config", "1180", "unsupported"],
  ["more channels than configurations", "11d8", "unsupported"],
  ["low delay", "b98c00", "unsupported"],
  ["enhanced low delay", "f8e850", "unsupported"],
  ["a rate that no index stands for", "178032c810", "unsupported"],
  ["a cut configuration", "11", "invalid-configuration"],
];
for (const [name, configuration, code] of REFUSED) {
  test(`${name}: refused`, () => {
    assert.throws(
      () => adtsSetUp(codecOf(configuration), "A_AAC"),
      (error) => error instanceof CodecError && error.code === code && error.codecId === "A_AAC",
    );
  });
}
