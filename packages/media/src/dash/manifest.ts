import {
  attribute,
  durationAttribute,
  frameRateAttribute,
  integerAttribute,
  sampleAspectAttribute,
  timeAttribute,
} from "./attributes.ts";
import type {
  AdaptationSet,
  Manifest,
  Period,
  Representation,
  SegmentTemplate,
  TimelineSegment,
  UtcTiming,
} from "./model.ts";

const NAMESPACE = "urn:mpeg:dash:schema:mpd:2011";
/** For segments of the ISO base media file format that begin with a point of access. */
const PROFILE = "urn:mpeg:dash:profile:isoff-live:2011";
/** Of the attributes that Kinesis Video Streams adds to S. What it calls their namespace is not documented. */
const KVS_NAMESPACE = "urn:kvass:dash:kinesis-video-streams";
const DEFAULT_MIN_BUFFER_TIME_MS = 2000;
/** ISO/IEC 23009-1, section 5.8.5.4: the value is the number of channels. */
const CHANNELS_SCHEME = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";
const ROLE_SCHEME = "urn:mpeg:dash:role:2011";

/** Identifiers of a template that Kvass uses, the doubled dollar sign, and a stray one (ISO/IEC 23009-1, table 16). */
const EACH_IDENTIFIER = /\$(Number|Time|)\$|\$/g;
const FRAGMENT_NUMBER = /^\d+$/;

/** A URI that may hold identifiers. Throws a `RangeError` where a dollar sign stands alone. */
function templateUri(name: string, uri: string, addressed: boolean): string {
  let identifiers = 0;
  for (const [whole, identifier] of uri.matchAll(EACH_IDENTIFIER)) {
    if (whole === "$") throw new RangeError(`a single $ in ${name}: ${uri}`);
    if (identifier !== "") identifiers++;
  }
  if (identifiers !== (addressed ? 1 : 0)) throw new RangeError(`${identifiers} identifiers in ${name}: ${uri}`);
  return attribute(name, uri);
}

/** Segments that are written before others may have a turn: one to two milliseconds. */
const SEGMENTS_PER_TURN = 4096;

/** A manifest that is being written. */
interface Draft {
  readonly lines: string[];
  /** Whether a segment had one of the attributes that Kinesis Video Streams adds. */
  hasFragmentAttributes: boolean;
  /** Segments up to the next turn. */
  left: number;
}

/** Writing that goes on in turns with what else there is to do, one after each `yield`. */
type InTurns<Result = void> = Generator<undefined, Result>;

/** One S for each segment, each with its time, so that none depends on those before. */
function* pushTimeline(draft: Draft, segments: SegmentTemplate["segments"]): InTurns {
  let end = Number.NEGATIVE_INFINITY;
  for (const segment of segments) {
    const { duration, time } = segment;
    if (time < end) throw new RangeError(`a segment at ${time} begins before the one before it ends, at ${end}`);
    end = time + duration;
    const times = `          <S${integerAttribute("t", time)}${integerAttribute("d", duration, 1)}`;
    draft.lines.push(`${times}${fragmentAttributes(draft, segment)}/>`);
    if (--draft.left > 0) continue;
    draft.left = SEGMENTS_PER_TURN;
    yield;
  }
}

function fragmentAttributes(draft: Draft, { fragmentNumber, fragmentTimestampMs }: TimelineSegment): string {
  if (fragmentTimestampMs === undefined && fragmentNumber === undefined) return "";
  draft.hasFragmentAttributes = true;
  let text = "";
  if (fragmentTimestampMs !== undefined) {
    if (!(fragmentTimestampMs >= 0)) throw new RangeError(`kvs:ts is ${fragmentTimestampMs} ms`);
    text += ` kvs:ts="${(fragmentTimestampMs / 1000).toFixed(3)}"`;
  }
  if (fragmentNumber !== undefined) {
    if (!FRAGMENT_NUMBER.test(fragmentNumber)) throw new RangeError(`no fragment number: ${fragmentNumber}`);
    text += ` kvs:fn="${fragmentNumber}"`;
  }
  return text;
}

function* pushTemplate(draft: Draft, template: SegmentTemplate): InTurns {
  const { lines } = draft;
  lines.push(
    `      <SegmentTemplate${integerAttribute("timescale", template.timescale, 1)}` +
      templateUri("initialization", template.initialization, false) +
      templateUri("media", template.media, true) +
      integerAttribute("startNumber", template.startNumber ?? 1) +
      `${integerAttribute("presentationTimeOffset", template.presentationTimeOffset)}>`,
    "        <SegmentTimeline>",
  );
  yield* pushTimeline(draft, template.segments);
  lines.push("        </SegmentTimeline>", "      </SegmentTemplate>");
}

function representationLine(representation: Representation): string {
  return (
    `      <Representation${attribute("id", representation.id)}${attribute("codecs", representation.codecs)}` +
    integerAttribute("bandwidth", representation.bandwidth, 1) +
    integerAttribute("width", representation.width, 1) +
    integerAttribute("height", representation.height, 1) +
    sampleAspectAttribute(representation.sampleAspect) +
    frameRateAttribute(representation.frameRate) +
    `${integerAttribute("audioSamplingRate", representation.audioSamplingRate, 1)}/>`
  );
}

/** Children stand in the order of the schema (ISO/IEC 23009-1, section 5.3.3.3), which readers may insist on. */
function* pushAdaptationSet(draft: Draft, set: AdaptationSet): InTurns {
  const { lines } = draft;
  const { channels, contentType, language, mimeType = `${contentType}/mp4`, role } = set;
  if (set.representations.length === 0) throw new RangeError(`no representation in adaptation set ${set.id}`);
  lines.push(
    `    <AdaptationSet${integerAttribute("id", set.id)} contentType="${contentType}"${attribute("mimeType", mimeType)}` +
      `${language === undefined ? "" : attribute("lang", language)} segmentAlignment="true" startWithSAP="1">`,
  );
  if (channels !== undefined)
    lines.push(
      `      <AudioChannelConfiguration schemeIdUri="${CHANNELS_SCHEME}"${integerAttribute("value", channels, 1)}/>`,
    );
  if (role !== undefined) lines.push(`      <Role schemeIdUri="${ROLE_SCHEME}" value="${role}"/>`);
  yield* pushTemplate(draft, set.template);
  for (const representation of set.representations) lines.push(representationLine(representation));
  lines.push("    </AdaptationSet>");
}

function* pushPeriods(draft: Draft, periods: readonly Period[]): InTurns {
  const { lines } = draft;
  const ids = new Set<string>();
  let latestMs = 0;
  for (const period of periods) {
    if (ids.has(period.id)) throw new RangeError(`two periods have the id ${period.id}`);
    if (!(period.startMs >= latestMs)) throw new RangeError(`the period ${period.id} is out of order`);
    ids.add(period.id);
    latestMs = period.startMs;
    lines.push(
      `  <Period${attribute("id", period.id)}${durationAttribute("start", period.startMs)}` +
        `${durationAttribute("duration", period.durationMs)}>`,
    );
    for (const set of period.adaptationSets) yield* pushAdaptationSet(draft, set);
    lines.push("  </Period>");
  }
}

function utcTimingLine(timing: UtcTiming): string {
  const value = timing.scheme === "direct" ? timeAttribute("value", timing.timeMs) : attribute("value", timing.uri);
  return `  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:${timing.scheme}:2014"${value}/>`;
}

/** The attributes that only a manifest has which is fetched again. */
function dynamicAttributes(manifest: Manifest): string {
  if (manifest.type === "static") return "";
  return (
    timeAttribute("publishTime", manifest.publishTimeMs) +
    durationAttribute("minimumUpdatePeriod", manifest.minimumUpdatePeriodMs) +
    durationAttribute("timeShiftBufferDepth", manifest.timeShiftBufferDepthMs) +
    durationAttribute("suggestedPresentationDelay", manifest.suggestedPresentationDelayMs)
  );
}

/**
 * The text of a manifest (MPD, ISO/IEC 23009-1, profile isoff-live): XML in UTF-8, ASCII as long as its data is. Throws
 * a `RangeError` where the data contradicts itself or cannot be said.
 */
export function manifest(data: Manifest): string {
  const writing = manifestInTurns(data);
  for (;;) {
    const { done, value } = writing.next();
    if (done) return value;
  }
}

/** The same, written in turns with other work: one of a day has tens of thousands of lines. */
export function* manifestInTurns(data: Manifest): InTurns<string> {
  if (data.periods.length === 0) throw new RangeError("a manifest has periods");
  const draft: Draft = { lines: [], hasFragmentAttributes: false, left: SEGMENTS_PER_TURN };
  yield* pushPeriods(draft, data.periods);
  if (data.type === "dynamic" && data.utcTiming !== undefined) draft.lines.push(utcTimingLine(data.utcTiming));
  return `${head(data, draft)}\n${draft.lines.join("\n")}\n</MPD>\n`;
}

/** What stands before the periods, of which it tells whether they use attributes of a namespace of their own. */
function head(data: Manifest, { hasFragmentAttributes }: Draft): string {
  const kvs = hasFragmentAttributes ? ` xmlns:kvs="${KVS_NAMESPACE}"` : "";
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<MPD xmlns="${NAMESPACE}"${kvs} profiles="${PROFILE}" type="${data.type}"` +
    timeAttribute("availabilityStartTime", data.availabilityStartTimeMs) +
    dynamicAttributes(data) +
    durationAttribute("mediaPresentationDuration", data.durationMs) +
    durationAttribute("maxSegmentDuration", data.maxSegmentDurationMs) +
    `${durationAttribute("minBufferTime", data.minBufferTimeMs ?? DEFAULT_MIN_BUFFER_TIME_MS)}>`
  );
}
