import type { Ratio } from "../codecs/model.ts";

/** Characters that XML has names for (XML 1.0, section 2.4). */
const NAMED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const EACH_NAMED = /[&<>"]/g;
/** What no XML document holds (XML 1.0, section 2.2), and the blanks that a reader of attributes would change. */
const NOT_IN_XML = /[\p{Cc}\p{Cs}\ufffe\uffff]/u;

/** ` name="value"`, escaped. Throws a `RangeError` where XML cannot hold the value. */
export function attribute(name: string, value: string): string {
  if (NOT_IN_XML.test(value)) throw new RangeError(`no XML text in ${name}: ${JSON.stringify(value)}`);
  return ` ${name}="${value.replace(EACH_NAMED, (character) => NAMED[character]!)}"`;
}

/** A whole number as an attribute, or nothing. Throws a `RangeError` where it is less than `least` or has a fraction. */
export function integerAttribute(name: string, value: number | undefined, least = 0): string {
  if (value === undefined) return "";
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${name} is ${value}`);
  return ` ${name}="${value}"`;
}

/** Milliseconds as an xs:duration in seconds, such as PT1.5S, or nothing. */
export function durationAttribute(name: string, ms: number | undefined): string {
  if (ms === undefined) return "";
  const whole = Math.round(ms);
  if (!(whole >= 0 && whole <= Number.MAX_SAFE_INTEGER)) throw new RangeError(`${name} is ${ms} ms`);
  return ` ${name}="PT${whole / 1000}S"`;
}

/** Milliseconds since 1970 as an xs:dateTime, or nothing. Throws a `RangeError` where Date has no such time. */
export function timeAttribute(name: string, epochMs: number | undefined): string {
  return epochMs === undefined ? "" : ` ${name}="${new Date(epochMs).toISOString()}"`;
}

/** Frames a second may differ from a whole number, or from one divided by 1.001, by so much for a timestamp's sake. */
const FRAME_RATE_TOLERANCE = 0.005;

/** Frames a second as a whole number or a ratio of two (ISO/IEC 23009-1, FrameRateType), or nothing. */
export function frameRateAttribute(framesPerSecond: number | undefined): string {
  if (framesPerSecond === undefined) return "";
  if (!(framesPerSecond > 0 && framesPerSecond < Number.MAX_SAFE_INTEGER))
    throw new RangeError(`no frame rate: ${framesPerSecond}`);
  const whole = Math.round(framesPerSecond);
  if (whole > 0 && Math.abs(framesPerSecond - whole) < FRAME_RATE_TOLERANCE) return ` frameRate="${whole}"`;
  const ntsc = Math.round(framesPerSecond * 1.001);
  if (ntsc > 0 && Math.abs(framesPerSecond * 1.001 - ntsc) < FRAME_RATE_TOLERANCE)
    return ` frameRate="${ntsc * 1000}/1001"`;
  return ` frameRate="${Math.max(1, Math.round(framesPerSecond * 1000))}/1000"`;
}

/** The sample aspect ratio where pixels are not square (ISO/IEC 23009-1, RatioType). */
export function sampleAspectAttribute(aspect: Ratio | undefined): string {
  if (aspect === undefined || aspect.numerator === aspect.denominator) return "";
  return attribute("sar", `${aspect.numerator}:${aspect.denominator}`);
}
