import type { Service } from "../aws/service.ts";
import type { Tell } from "../domain/events/events.ts";
import { withinRates } from "../services/call-rates.ts";
import { streamOperations } from "../services/kinesis-video/operations/index.ts";
import { kinesisVideo } from "../services/kinesis-video/service.ts";
import { getClip } from "../services/kinesis-video-archived-media/operations/get-clip.ts";
import { getDASHStreamingSessionURL } from "../services/kinesis-video-archived-media/operations/get-dash-streaming-session-url.ts";
import { getHLSStreamingSessionURL } from "../services/kinesis-video-archived-media/operations/get-hls-streaming-session-url.ts";
import { getImages } from "../services/kinesis-video-archived-media/operations/get-images.ts";
import { getMediaForFragmentList } from "../services/kinesis-video-archived-media/operations/get-media-for-fragment-list.ts";
import { listFragments } from "../services/kinesis-video-archived-media/operations/list-fragments.ts";
import { kinesisVideoArchivedMedia } from "../services/kinesis-video-archived-media/service.ts";
import { getMedia } from "../services/kinesis-video-media/operations/get-media.ts";
import { putMedia } from "../services/kinesis-video-media/operations/put-media.ts";
import { kinesisVideoMedia } from "../services/kinesis-video-media/service.ts";
import { kinesisVideoSignaling } from "../services/kinesis-video-signaling/service.ts";
import { kinesisVideoWebRTCStorage } from "../services/kinesis-video-webrtc-storage/service.ts";
import type { Domain } from "./domain.ts";
import type { CallRateLimits } from "./limits.ts";

/** Every API that the server speaks, with what is implemented of it. */
export function wireServices(domain: Domain, rates: CallRateLimits, tell: Tell): Service[] {
  const { streams, listing, ingest, reader, clips, images, playback } = domain;
  const archive = {
    GetClip: getClip(streams, clips),
    GetDASHStreamingSessionURL: getDASHStreamingSessionURL(streams, playback),
    GetHLSStreamingSessionURL: getHLSStreamingSessionURL(streams, playback),
    GetImages: getImages(streams, images),
    GetMediaForFragmentList: getMediaForFragmentList(streams, reader),
    ListFragments: listFragments(streams, listing),
  };
  return [
    kinesisVideo(withinRates(streamOperations(streams), rates.control)),
    kinesisVideoMedia({ GetMedia: getMedia(streams, reader), PutMedia: putMedia(streams, ingest, tell) }),
    kinesisVideoArchivedMedia(withinRates(archive, rates.archive)),
    kinesisVideoSignaling({}),
    kinesisVideoWebRTCStorage({}),
  ];
}
