/**
 * Damaged and hostile Matroska bodies: some 8,000 of them, the same in each run. Small ones come from mutations of
 * faultless samples at every element; a few large ones ask for much work or memory with few bytes.
 */

import { ID } from "../../packages/media/src/matroska/ids.ts";
import { type Sample, samples } from "../../packages/media/test/samples.ts";
import { type Place, placesOf } from "./elements.ts";
import { hostileBodies } from "./hostile-bodies.ts";
import { Random } from "./random.ts";

export interface CorpusBody {
  /** Says what was done to which sample, and where. */
  name: string;
  bytes: Uint8Array;
}

const RANDOM_BODIES_PER_SAMPLE = 400;
/** IDs that change much when they stand in another's place; they have four bytes, or one. */
const FOREIGN_IDS = [
  ID.EBML,
  ID.Segment,
  ID.Cluster,
  ID.Tracks,
  ID.Tags,
  ID.Void,
  ID.SimpleBlock,
  ID.BlockGroup,
] as const;

function splice(bytes: Uint8Array, at: number, removed: number, inserted: readonly number[] | Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - removed + inserted.length);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(bytes.subarray(at + removed), at + inserted.length);
  return result;
}

function* truncations({ bytes }: Sample, places: readonly Place[]): Generator<[string, Uint8Array]> {
  const cuts = new Set(
    places.flatMap(({ at, sizeAt, dataAt, end }) => [at, at + 1, sizeAt, dataAt, (dataAt + end) >> 1, end - 1]),
  );
  for (const cut of cuts) yield [`cut at ${cut}`, bytes.slice(0, cut)];
}

/** Sizes of zero, one off, unknown and as large as can be, in the coded length that they have and in eight bytes. */
function* sizes({ bytes }: Sample, places: readonly Place[]): Generator<[string, Uint8Array]> {
  for (const { at, sizeAt, dataAt } of places) {
    const length = dataAt - sizeAt;
    const marker = 0x100 >> length;
    const with8 = (...size: number[]): Uint8Array => splice(bytes, sizeAt, length, [1, ...size]);
    yield [`size 0 at ${at}`, splice(bytes, sizeAt, length, [marker, ...new Array<number>(length - 1).fill(0)])];
    yield [
      `unknown size at ${at}`,
      splice(bytes, sizeAt, length, [marker * 2 - 1, ...new Array<number>(length - 1).fill(0xff)]),
    ];
    yield [`size 2^56-1 at ${at}`, with8(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)];
    yield [`size 2^56-2 at ${at}`, with8(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe)];
    yield [`size 2^32 at ${at}`, with8(0, 0, 1, 0, 0, 0, 0)];
    for (const step of [-1, 1]) {
      const changed = bytes.slice();
      changed[dataAt - 1] = changed[dataAt - 1]! + step;
      yield [`size ${step > 0 ? "+1" : "-1"} at ${at}`, changed];
    }
  }
}

function* rearrangements({ bytes }: Sample, places: readonly Place[]): Generator<[string, Uint8Array]> {
  for (const [index, { at, end }] of places.entries()) {
    const element = bytes.subarray(at, end);
    yield [`twice at ${at}`, splice(bytes, at, 0, element)];
    yield [`removed at ${at}`, splice(bytes, at, end - at, [])];
    const next = places.slice(index + 1).find((place) => place.at === end);
    if (!next) continue;
    const swapped = bytes.slice();
    swapped.set(bytes.subarray(next.at, next.end), at);
    swapped.set(element, at + next.end - next.at);
    yield [`swapped with the next at ${at}`, swapped];
  }
}

function* foreignIds({ bytes }: Sample, places: readonly Place[], random: Random): Generator<[string, Uint8Array]> {
  for (const { at, sizeAt } of places) {
    const id = random.pick(FOREIGN_IDS);
    const coded = id > 0xff ? [id >>> 24, (id >> 16) & 0xff, (id >> 8) & 0xff, id & 0xff] : [id];
    yield [`ID ${id.toString(16)} at ${at}`, splice(bytes, at, sizeAt - at, coded)];
  }
}

function* randomDamage({ bytes }: Sample, random: Random): Generator<[string, Uint8Array]> {
  for (let i = 0; i < RANDOM_BODIES_PER_SAMPLE; i++) {
    const changed = bytes.slice();
    const flips = 1 + random.below(8);
    for (let flip = 0; flip < flips; flip++) {
      const at = random.below(changed.length);
      changed[at] = changed[at]! ^ (1 << random.below(8));
    }
    yield [`flipped bits ${i}`, changed];
    const from = random.below(bytes.length);
    const part = bytes.subarray(from, from + random.below(100));
    yield [`moved bytes ${i}`, splice(bytes, random.below(bytes.length - 100), random.below(100), part)];
  }
}

/** Yields every body; the order, names and bytes never change. */
export function* mkvCorpus(): Generator<CorpusBody> {
  const random = new Random(20_171_128);
  for (const sample of samples()) {
    const places = placesOf(sample.bytes);
    const mutations = [truncations, sizes, rearrangements, foreignIds];
    for (const mutate of mutations) {
      for (const [what, bytes] of mutate(sample, places, random)) yield { name: `${sample.name}: ${what}`, bytes };
    }
    for (const [what, bytes] of randomDamage(sample, random)) yield { name: `${sample.name}: ${what}`, bytes };
  }
  for (const [name, bytes] of hostileBodies(random)) yield { name, bytes };
}
