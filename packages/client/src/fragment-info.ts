import type { MatroskaHeader, MatroskaSimpleTag, TagPair, MediaFragment as WireFragment } from "@kvass/media";
import { KinesisVideoError } from "./errors.ts";

/** What the service and the producer say of a fragment (AWS docs, "GetMedia", for the tags). */
export interface FragmentInfo {
  /** Decimal digits; larger than a Number holds. */
  readonly number: string;
  /** When the service received its first byte, in milliseconds since the epoch. */
  readonly serverTimestamp: number;
  /** In milliseconds since the epoch. */
  readonly producerTimestamp: number;
  /** The Cluster's Timestamp in ticks of `header.timecodeScaleNs`, as it was sent; the nearest number beyond 2^53-1. */
  readonly timecode: number;
  /** The header of the connection that brought the fragment. */
  readonly header: MatroskaHeader;
  /** The producer's metadata; the service's own is in the other members. */
  readonly tags: readonly TagPair[];
  /** How far the fragment is behind the newest one; GetMedia only, and only when the fragment is complete. */
  readonly millisBehindNow?: number;
  /** Resumes GetMedia after this fragment; GetMedia only, and only when the fragment is complete. */
  readonly continuationToken?: string;
}

const OWN = "AWS_KINESISVIDEO_";

const isText = (tag: MatroskaSimpleTag): tag is MatroskaSimpleTag & { value: string } => typeof tag.value === "string";

/** Reads the tags around a fragment. Throws {@link KinesisVideoError} where they tell an error, or lack what every fragment has. */
export function fragmentInfo({ header, cluster, leadingTags, trailingTags }: WireFragment): FragmentInfo {
  const texts = [...leadingTags, ...trailingTags].filter(isText);
  const own = new Map(
    texts.filter(({ name }) => name.startsWith(OWN)).map(({ name, value }) => [name.slice(OWN.length), value]),
  );
  throwIfError(own);
  const number = own.get("FRAGMENT_NUMBER");
  if (cluster === undefined || number === undefined) {
    throw new KinesisVideoError("InvalidAnswer", "a fragment came without its number or its media", { status: 200 });
  }
  const behind = own.get("MILLIS_BEHIND_NOW");
  const token = own.get("CONTINUATION_TOKEN");
  return {
    number,
    serverTimestamp: milliseconds(own.get("SERVER_TIMESTAMP")),
    producerTimestamp: milliseconds(own.get("PRODUCER_TIMESTAMP")),
    timecode: cluster.timecode,
    header,
    tags: texts.filter(({ name }) => !name.startsWith(OWN)).map(({ name, value }) => [name, value]),
    ...(behind !== undefined && { millisBehindNow: Number(behind) }),
    ...(token !== undefined && { continuationToken: token }),
  };
}

/** Seconds with three decimals; milliseconds as an exact integer. */
const milliseconds = (seconds: string | undefined): number => Math.round(Number(seconds ?? "NaN") * 1000);

function throwIfError(own: ReadonlyMap<string, string>): void {
  const code = own.get("ERROR_CODE") ?? own.get("EXCEPTION_ERROR_CODE");
  if (code === undefined) return;
  const detail = own.get("EXCEPTION_MESSAGE") ?? own.get("ERROR_ID") ?? "";
  const number = own.get("FRAGMENT_NUMBER");
  const place = number === undefined ? "" : ` at fragment ${number}`;
  throw new KinesisVideoError("MediaError", `the service ended the media with error ${code} ${detail}`.trim() + place, {
    status: 200,
  });
}
