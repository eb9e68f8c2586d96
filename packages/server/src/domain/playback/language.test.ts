import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaCodec } from "@kvass/media";
import { languageOf } from "./hls.ts";
import type { Track } from "./tracks.ts";

const sound = (number: number, language: string): Track => ({
  number,
  codec: { kind: "audio", name: "aac" } as MediaCodec,
  name: undefined,
  language,
  frameRate: undefined,
  bandwidth: 1,
  source: 2,
  headBytesPerFrame: 0,
});

test("of several sounds each has the language that its producer states, where that is one", () => {
  const cases = {
    deu: "de",
    ger: "de",
    eng: "en",
    fre: "fr",
    fra: "fr",
    "deu-AT": "de-AT",
    gsw: "gsw",
    x: "x",
    "pt-BR": "pt-BR",
    und: undefined,
    "": undefined,
    "d\u0001e": undefined,
    'en"': undefined,
  };
  for (const [stated, language] of Object.entries(cases)) {
    const track = sound(1, stated);
    assert.equal(languageOf(track, [track, sound(2, "eng")]), language, JSON.stringify(stated));
    assert.equal(languageOf(track, [track]), undefined);
  }
});
