interface LevelLimit {
  level: number;
  lumaSamplesASecond: number;
  lumaSamples: number;
}

/** Levels by what they can at most show ("VP9 Levels", WebM project). */
const LEVELS: readonly LevelLimit[] = [
  { level: 10, lumaSamplesASecond: 829_440, lumaSamples: 36_864 },
  { level: 11, lumaSamplesASecond: 2_764_800, lumaSamples: 73_728 },
  { level: 20, lumaSamplesASecond: 4_608_000, lumaSamples: 122_880 },
  { level: 21, lumaSamplesASecond: 9_216_000, lumaSamples: 245_760 },
  { level: 30, lumaSamplesASecond: 20_736_000, lumaSamples: 552_960 },
  { level: 31, lumaSamplesASecond: 36_864_000, lumaSamples: 983_040 },
  { level: 40, lumaSamplesASecond: 83_558_400, lumaSamples: 2_228_224 },
  { level: 41, lumaSamplesASecond: 160_432_128, lumaSamples: 2_228_224 },
  { level: 50, lumaSamplesASecond: 311_951_360, lumaSamples: 8_912_896 },
  { level: 51, lumaSamplesASecond: 588_251_136, lumaSamples: 8_912_896 },
  { level: 52, lumaSamplesASecond: 1_176_502_272, lumaSamples: 8_912_896 },
  { level: 60, lumaSamplesASecond: 1_176_502_272, lumaSamples: 35_651_584 },
  { level: 61, lumaSamplesASecond: 2_353_004_544, lumaSamples: 35_651_584 },
];
const HIGHEST_LEVEL = 62;
/** Frames a second where the track does not state it. */
const ASSUMED_FRAME_RATE = 30;

/** The lowest level for pictures of this size at so many frames a second. */
export function vp9Level(width: number, height: number, frameRate = ASSUMED_FRAME_RATE): number {
  const samples = width * height;
  const fits = LEVELS.find((limit) => samples <= limit.lumaSamples && samples * frameRate <= limit.lumaSamplesASecond);
  return fits?.level ?? HIGHEST_LEVEL;
}
