import { checkedUri, decimalInteger, quotedString, quotedText, quotedUri } from "./attributes.ts";
import type { AudioRendition, MultivariantPlaylist, VariantStream } from "./model.ts";

/** EXT-X-MEDIA and the attributes that refer to it may be used from version 1 on (RFC 8216, section 7). */
const VERSION = 1;

/** EXT-X-MEDIA (RFC 8216, section 4.3.4.1); the attributes stand as Kinesis Video Streams orders them. */
function mediaLine({ channels, groupId, isDefault, language, name, uri }: AudioRendition): string {
  let line = "#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO";
  if (uri !== undefined) line += `,URI=${quotedUri(uri)}`;
  line += `,GROUP-ID=${quotedString(groupId)},DEFAULT=${isDefault ? "YES" : "NO"},NAME=${quotedText(name)}`;
  if (language !== undefined) line += `,LANGUAGE=${quotedText(language)}`;
  if (channels !== undefined) line += `,CHANNELS="${decimalInteger("channels", channels)}"`;
  return `${line}\n`;
}

/** EXT-X-STREAM-INF (RFC 8216, section 4.3.4.2) and the URI below it. */
function variantLines(variant: VariantStream): string {
  const { audioGroup, averageBandwidth, frameRate, resolution, videoRange } = variant;
  let line = `#EXT-X-STREAM-INF:CODECS=${quotedString(variant.codecs.join(","))}`;
  if (resolution !== undefined)
    line += `,RESOLUTION=${decimalInteger("width", resolution.width)}x${decimalInteger("height", resolution.height)}`;
  if (frameRate !== undefined) {
    if (!(frameRate > 0 && frameRate < Number.MAX_SAFE_INTEGER)) throw new RangeError(`no frame rate: ${frameRate}`);
    line += `,FRAME-RATE=${Number(frameRate.toFixed(3))}`;
  }
  if (videoRange !== undefined) line += `,VIDEO-RANGE=${videoRange}`;
  line += `,BANDWIDTH=${decimalInteger("bandwidth", variant.bandwidth)}`;
  if (averageBandwidth !== undefined)
    line += `,AVERAGE-BANDWIDTH=${decimalInteger("averageBandwidth", averageBandwidth)}`;
  if (audioGroup !== undefined) line += `,AUDIO=${quotedString(audioGroup)}`;
  if (variant.uri === "") throw new RangeError("a variant without URI");
  return `${line}\n${checkedUri(variant.uri)}\n`;
}

/** Two renditions of a group may not share a name, nor both be the default (RFC 8216, section 4.3.4.1.1). */
function checkGroups(renditions: readonly AudioRendition[]): void {
  const seen = new Set<string>();
  for (const { groupId, isDefault, name } of renditions) {
    for (const key of isDefault ? [`default of ${groupId}`, `${groupId}: ${name}`] : [`${groupId}: ${name}`]) {
      if (seen.has(key)) throw new RangeError(`two renditions are ${key}`);
      seen.add(key);
    }
  }
}

/**
 * The text of a Multivariant Playlist (RFC 8216, section 4.3.4). Throws a `RangeError` where the data contradicts
 * itself or cannot be said.
 */
export function multivariantPlaylist({ independentSegments, renditions = [], variants }: MultivariantPlaylist): string {
  if (variants.length === 0) throw new RangeError("a Multivariant Playlist has variants");
  checkGroups(renditions);
  for (const { audioGroup } of variants) {
    if (audioGroup !== undefined && !renditions.some(({ groupId }) => groupId === audioGroup))
      throw new RangeError(`no rendition is in the group ${audioGroup}`);
  }
  let text = `#EXTM3U\n#EXT-X-VERSION:${VERSION}\n`;
  if (independentSegments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  for (const rendition of renditions) text += mediaLine(rendition);
  for (const variant of variants) text += variantLines(variant);
  return text;
}
