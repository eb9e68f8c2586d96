import {
  type CuePoint,
  clusterHeader,
  concatBytes,
  cuesElement,
  ebmlHeader,
  infoElement,
  type MatroskaHeader,
  type MatroskaPacket,
  seekHead,
  segmentHeader,
  selectTracks,
  simpleBlockHeader,
  voidElement,
} from "@kvass/media";
import type { Output } from "./output.ts";

/** A Cluster to write: its frames in decoding order, as they came, and where it shall lie in the file. */
export interface FileCluster {
  /** In ticks of the file. */
  readonly timecode: number;
  readonly frames: readonly {
    readonly packet: MatroskaPacket;
    /** Ticks from the Cluster's timecode. */
    readonly relativeTimecode: number;
  }[];
}

const APPLICATION = "Kvass";

/**
 * One Matroska file (RFC 9559), playable while it grows and after a crash. Where the output can be written over, `finish` adds what
 * players seek by: Cues, the duration, the Segment's size.
 */
export class MatroskaFile {
  readonly #output: Output;
  readonly #header: MatroskaHeader;
  readonly #tracks: Uint8Array;
  readonly #cues: CuePoint[] = [];
  #position = 0;
  /** Where the Segment's data begins; positions in the file's own index count from here. */
  #segmentData = 0;

  private constructor(output: Output, header: MatroskaHeader) {
    this.#output = output;
    this.#header = header;
    this.#tracks = selectTracks(
      header,
      header.tracks.map(({ number }) => number),
    );
  }

  /** Begins a file with the tracks and the time scale of `header`. */
  static async begin(output: Output, header: MatroskaHeader): Promise<MatroskaFile> {
    const file = new MatroskaFile(output, header);
    await file.#append(concatBytes([ebmlHeader(), segmentHeader()]));
    file.#segmentData = file.#position;
    const info = file.#info();
    await file.#append(info);
    if (output.patch !== undefined) await file.#append(voidElement(file.#index(0, 0).length - info.length));
    await file.#append(file.#tracks);
    return file;
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#position;
  }

  async addCluster({ timecode, frames }: FileCluster): Promise<void> {
    const parts = frames.flatMap(({ packet, relativeTimecode }) => {
      const { track, keyframe, discardable, data } = packet;
      return [
        simpleBlockHeader({ trackNumber: track.number, relativeTimecode, keyframe, discardable }, data.length),
        data,
      ];
    });
    const lead = frames.find(({ packet }) => packet.track.type === "video") ?? frames[0];
    if (lead !== undefined) {
      this.#cues.push({
        timecode: Math.max(0, timecode + lead.relativeTimecode),
        trackNumber: lead.packet.track.number,
        clusterPosition: this.#position - this.#segmentData,
      });
    }
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    await this.#append(concatBytes([clusterHeader(timecode, size), ...parts]));
  }

  /** Ends the file; `duration` in ticks. */
  async finish(duration: number): Promise<void> {
    const { patch } = this.#output;
    if (patch === undefined || this.#cues.length === 0) return;
    const cues = this.#position - this.#segmentData;
    await this.#append(cuesElement(this.#cues));
    await patch(this.#segmentData, this.#index(duration, cues));
    const segment = segmentHeader(this.#position - this.#segmentData);
    await patch(this.#segmentData - segment.length, segment);
  }

  #info(duration?: number): Uint8Array {
    return infoElement({
      timecodeScaleNs: this.#header.timecodeScaleNs,
      muxingApp: APPLICATION,
      writingApp: APPLICATION,
      ...(duration !== undefined && { duration }),
    });
  }

  /** SeekHead and Info, which take the place of the first Info and the Void behind it. */
  #index(duration: number, cues: number): Uint8Array {
    const info = this.#info(duration);
    const head = (infoAt: number, tracksAt: number): Uint8Array =>
      seekHead([
        ["Info", infoAt],
        ["Tracks", tracksAt],
        ["Cues", cues],
      ]);
    const infoAt = head(0, 0).length;
    return concatBytes([head(infoAt, infoAt + info.length), info]);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#output.write(bytes);
    this.#position += bytes.length;
  }
}
