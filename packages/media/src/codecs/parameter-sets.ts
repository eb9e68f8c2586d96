import { parseAvcConfiguration } from "./h264/decoder-configuration.ts";
import { h265NalType, isH265ParameterSet, parseHevcConfiguration } from "./h265/decoder-configuration.ts";
import type { VideoCodec } from "./model.ts";

/**
 * The parameter sets of an h264 or h265 codec as `describeTrack` gives it, in the order in which a decoder wants them: views
 * of NAL units without length or start code. None for other codecs.
 */
export function parameterSets({ name, configuration }: VideoCodec): Uint8Array[] {
  if (name === "h264") {
    const { sequenceSets, pictureSets } = parseAvcConfiguration(configuration);
    return [...sequenceSets, ...pictureSets];
  }
  if (name !== "h265") return [];
  const sets = parseHevcConfiguration(configuration).nalUnits.filter(isH265ParameterSet);
  return sets.sort((a, b) => h265NalType(a) - h265NalType(b));
}
