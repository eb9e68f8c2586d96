/**
 * What identifies a fragment: stream, place in the stream's order, and the two times that users select by. Known when its first byte arrives.
 * Together with `random` these give the 47-digit fragment number: (2^64 + sequence) * 2^92 + serverTimestamp * 2^28 + random.
 */
export interface FragmentIdentity {
  readonly streamId: number;
  /** From 1, strictly ascending in the order in which the stream's fragments began to arrive. */
  readonly sequence: number;
  /** Milliseconds since the epoch at which the fragment's first byte arrived. */
  readonly serverTimestamp: number;
  /** Milliseconds since the epoch on the producer's clock. */
  readonly producerTimestamp: number;
  /** 28 random bits. */
  readonly random: number;
}

/** What is known when a fragment's last byte has arrived. */
export interface FragmentSummary {
  /** Milliseconds of media. */
  readonly duration: number;
  /** Bytes of the stored fragment (headers, tags and cluster), before sealing. */
  readonly size: number;
  /** Whether playback can begin with it: its first video frame is a key frame, or its producer declared no video track. */
  readonly startsClean: boolean;
  /** Whether its producer declared a video track of which it has no frame: sound that comes before the pictures, or goes on without. */
  readonly lacksPictures: boolean;
  /** Unsigned 32 bits over the tracks and their codec data: fragments with equal values are decoded with the same set-up. */
  readonly configuration: number;
}

/** What timelines need to know of a fragment, whether it has a place in the journal already or not. */
export interface TimedFragment extends FragmentIdentity, FragmentSummary {}

/** Where a fragment's sealed parts lie: all in one segment, in order. */
export interface FragmentPlace {
  readonly segment: number;
  /** Offset and length, in bytes, of each record of the fragment: [offset, length, offset, length, ...]. */
  readonly extents: readonly number[];
}

/** One row of the fragment index. A fragment is visible to readers exactly when it has a row. */
export interface FragmentRow extends TimedFragment, FragmentPlace {}
