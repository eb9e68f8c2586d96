import { MatroskaDemuxer, type MatroskaDemuxerOptions } from "./demuxer.ts";
import type { MatroskaCluster, MatroskaHeader, MatroskaSimpleTag, MatroskaTags } from "./model.ts";
import type { MatroskaPacket } from "./packet.ts";

/** The last Tags of a chunk hold this name: nothing of its fragment follows (AWS, "GetMedia", response). */
const LAST_TAG = "AWS_KINESISVIDEO_CONTINUATION_TOKEN";

/** One chunk of a GetMedia response: a Cluster with the header that it needs and the Tags around it. */
export interface MediaFragment {
  readonly header: MatroskaHeader;
  /** Undefined for a chunk of Tags alone, by which the service tells an error. */
  readonly cluster: MatroskaCluster | undefined;
  /** Tags before the Cluster, such as `AWS_KINESISVIDEO_FRAGMENT_NUMBER`. */
  readonly leadingTags: readonly MatroskaSimpleTag[];
  /** Tags behind the Cluster so far; all of them at `onFragmentEnd`. */
  readonly trailingTags: readonly MatroskaSimpleTag[];
}

/** What a `FragmentStreamReader` tells, synchronously from within `feed` and `end`. */
export interface FragmentStreamHandler {
  /** When the fragment's Cluster begins. */
  onFragmentStart(fragment: MediaFragment): void;
  /** Each frame, as soon as it is complete; its fragment may still be going on. */
  onPacket(packet: MatroskaPacket, fragment: MediaFragment): void;
  /**
   * When the fragment is complete: its continuation token has come, or another Cluster or file begins, or the input
   * ends. Also told, without `onFragmentStart`, for a chunk that has Tags and no Cluster.
   */
  onFragmentEnd(fragment: MediaFragment): void;
}

interface OpenFragment extends MediaFragment {
  cluster: MatroskaCluster | undefined;
  leadingTags: MatroskaSimpleTag[];
  trailingTags: MatroskaSimpleTag[];
}

/**
 * Reads Matroska files that follow each other without a break, as GetMedia and GetMediaForFragmentList send them,
 * fragment by fragment.
 */
export class FragmentStreamReader {
  readonly #handler: FragmentStreamHandler;
  readonly #demuxer: MatroskaDemuxer;
  #header: MatroskaHeader | undefined;
  #fragment: OpenFragment | undefined;

  constructor(handler: FragmentStreamHandler, options: Omit<MatroskaDemuxerOptions, "concatenated"> = {}) {
    this.#handler = handler;
    this.#demuxer = new MatroskaDemuxer(
      {
        onHeader: (header) => this.#begin(header),
        onTags: (tags) => this.#addTags(tags),
        onClusterStart: (cluster) => this.#start(cluster),
        onPacket: (packet) => handler.onPacket(packet, this.#fragment!),
        onSegmentEnd: () => this.#finish(),
      },
      { ...options, concatenated: true },
    );
  }

  /** Reads the next bytes. Throws a `MatroskaError` where they are damaged, and whatever the handler throws. */
  feed(chunk: Uint8Array): void {
    this.#demuxer.feed(chunk);
  }

  /**
   * Tells that no more bytes come; throws a `MatroskaError` where the input ends within an element. No bytes at all are
   * fine.
   */
  end(): void {
    this.#demuxer.end();
  }

  #begin(header: MatroskaHeader): void {
    this.#header = header;
  }

  #open(): OpenFragment {
    this.#fragment ??= { header: this.#header!, cluster: undefined, leadingTags: [], trailingTags: [] };
    return this.#fragment;
  }

  #addTags({ simpleTags }: MatroskaTags): void {
    const fragment = this.#open();
    if (fragment.cluster) fragment.trailingTags.push(...simpleTags);
    else fragment.leadingTags.push(...simpleTags);
    if (fragment.cluster && simpleTags.some(({ name }) => name === LAST_TAG)) this.#finish();
  }

  #start(cluster: MatroskaCluster): void {
    if (this.#fragment?.cluster) this.#finish();
    const fragment = this.#open();
    fragment.cluster = cluster;
    this.#handler.onFragmentStart(fragment);
  }

  #finish(): void {
    const fragment = this.#fragment;
    this.#fragment = undefined;
    if (fragment) this.#handler.onFragmentEnd(fragment);
  }
}
