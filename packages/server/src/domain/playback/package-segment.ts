import { assembleSamples, describeTrack, fillSilence, holdFirstPicture, type TrackSamples } from "@kvass/media";
import type { FragmentIdentity } from "../../storage/ports/fragment.ts";
import { type Mp4Segment, mp4Form, type TransportSegment, transportForm } from "./built-segment.ts";
import { type DemuxedTrack, keyFrameOf } from "./demux-segment.ts";

/** The forms in which segments are built. */
export interface SegmentForms {
  readonly mp4: Mp4Segment;
  readonly transport: TransportSegment;
}

/** The name of a form. */
export type FormName = keyof SegmentForms;

const MS_PER_SECOND = 1000;

const FORMS: {
  [Form in FormName]: (samples: readonly TrackSamples[], sequence: number) => SegmentForms[Form];
} = {
  mp4: mp4Form,
  transport: transportForm,
};

/**
 * Makes a segment of its playable tracks, whose frames it copies. Throws CodecError where one has no mapping or cannot be described.
 * @param first its first fragment
 */
export function packageSegment<Form extends FormName>(
  form: Form,
  demuxed: readonly DemuxedTrack[],
  { producerTimestamp, sequence }: FragmentIdentity,
): SegmentForms[Form] {
  const tracks = holdFirstPicture(demuxed.map(samplesOf), producerTimestamp / MS_PER_SECOND);
  return FORMS[form](fillSilence(tracks), sequence);
}

function samplesOf(demuxed: DemuxedTrack): TrackSamples {
  const codec = describeTrack(demuxed.track, keyFrameOf(demuxed));
  return assembleSamples(demuxed.track, codec, demuxed.packets);
}
