import * as sdk from "@aws-sdk/client-kinesis-video-archived-media";
import { type Constraint, type Constraints, pattern } from "../../aws/validation/constraints.ts";
import { MAX_INTEGER, STREAM } from "../constraints.ts";

const NEXT_TOKEN: Constraint = { length: [1, 4096], pattern: pattern("[a-zA-Z0-9+/]+={0,2}") };
const EXPIRES: Constraint = { range: [300, 43_200] };
const PLAYLIST_LENGTH: Constraint = { range: [1, 5000] };
const FRAGMENT_NUMBER: Constraint = { length: [1, 128], pattern: pattern("[0-9]+") };

const oneOf = (words: Readonly<Record<string, string>>): Constraint => ({ oneOf: Object.values(words) });

/** Constraints of the archive (AWS docs, "Amazon Kinesis Video Streams Archived Media" API reference). */
export const constraints: Constraints = {
  ListFragmentsInput: { ...STREAM, MaxResults: { range: [1, 1000] }, NextToken: NEXT_TOKEN },
  FragmentSelector: { FragmentSelectorType: oneOf(sdk.FragmentSelectorType) },
  GetMediaForFragmentListInput: { ...STREAM, Fragments: { length: [1, 1000], items: FRAGMENT_NUMBER } },
  GetHLSStreamingSessionURLInput: {
    ...STREAM,
    PlaybackMode: oneOf(sdk.HLSPlaybackMode),
    ContainerFormat: oneOf(sdk.ContainerFormat),
    DiscontinuityMode: oneOf(sdk.HLSDiscontinuityMode),
    DisplayFragmentTimestamp: oneOf(sdk.HLSDisplayFragmentTimestamp),
    Expires: EXPIRES,
    MaxMediaPlaylistFragmentResults: PLAYLIST_LENGTH,
  },
  HLSFragmentSelector: { FragmentSelectorType: oneOf(sdk.HLSFragmentSelectorType) },
  GetDASHStreamingSessionURLInput: {
    ...STREAM,
    PlaybackMode: oneOf(sdk.DASHPlaybackMode),
    DisplayFragmentTimestamp: oneOf(sdk.DASHDisplayFragmentTimestamp),
    DisplayFragmentNumber: oneOf(sdk.DASHDisplayFragmentNumber),
    Expires: EXPIRES,
    MaxManifestFragmentResults: PLAYLIST_LENGTH,
  },
  DASHFragmentSelector: { FragmentSelectorType: oneOf(sdk.DASHFragmentSelectorType) },
  GetClipInput: STREAM,
  ClipFragmentSelector: { FragmentSelectorType: oneOf(sdk.ClipFragmentSelectorType) },
  GetImagesInput: {
    ...STREAM,
    ImageSelectorType: oneOf(sdk.ImageSelectorType),
    SamplingInterval: { range: [200, MAX_INTEGER] },
    Format: oneOf(sdk.Format),
    FormatConfig: {
      length: [1, 1],
      keys: oneOf(sdk.FormatConfigKey),
      values: { length: [0, 256], pattern: pattern("[a-zA-Z_0-9]+") },
    },
    WidthPixels: { range: [1, 3840] },
    HeightPixels: { range: [1, 2160] },
    MaxResults: { range: [1, 100] },
    NextToken: NEXT_TOKEN,
  },
};
