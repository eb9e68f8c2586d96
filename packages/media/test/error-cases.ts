import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clusterHeader,
  concatBytes,
  ebmlHeader,
  infoElement,
  type MatroskaErrorCode,
  type MatroskaReaderOptions,
  segmentHeader,
  simpleBlock,
  tracksElement,
} from "../src/index.ts";
import { uintElement } from "../src/matroska/element-writer.ts";
import { ID } from "../src/matroska/ids.ts";
import { record } from "./recorder.ts";
import { frame } from "./samples.ts";

export const INFO = infoElement({ muxingApp: "test", writingApp: "test" });
export const TRACK = { number: 1, type: "video", codecId: "V_TEST" } as const;
export const TRACKS = tracksElement([TRACK]);
export const START = concatBytes([ebmlHeader(), segmentHeader()]);
export const HEAD = concatBytes([START, INFO, TRACKS]);
export const BLOCK = simpleBlock({ trackNumber: 1, relativeTimecode: 0, keyframe: true }, frame(1, 10));
export const CLUSTER = concatBytes([clusterHeader(0, BLOCK.length), BLOCK]);
export const LIVE_CLUSTER = concatBytes([clusterHeader(0), BLOCK]);
export const TIMESTAMP = uintElement(ID.Timestamp, 7);

/** The bytes of these values. */
export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Input, and the error that it ends with; undefined where it is fine. */
export interface Case {
  name: string;
  bytes: Uint8Array | Uint8Array[];
  code: MatroskaErrorCode | undefined;
  element?: string;
  options?: MatroskaReaderOptions;
}

/** One test for each case, however its input is cut. */
export function testCases(cases: readonly Case[]): void {
  for (const { name, bytes: parts, code, element: at, options } of cases) {
    test(`${name}: ${code ?? "fine"}`, () => {
      const input = Array.isArray(parts) ? concatBytes(parts) : parts;
      for (const size of [1, 3, Math.max(1, input.length)]) {
        const { error } = record(input, [size], options);
        assert.equal(error?.code, code, error?.message);
        if (at !== undefined) assert.equal(error?.element, at);
        if (error) assert.ok(error.offset >= 0 && error.offset <= input.length);
      }
    });
  }
}
