import type { OperationSchema, StructureSchema } from "../../aws/schema/schema.ts";
import { SENTINEL } from "../../aws/schema/schema.ts";

const NAMESPACE = "com.amazonaws.kinesisvideomedia";
/** Trait bit of a member that is the HTTP body. */
const HTTP_PAYLOAD = 16;

/** PutMedia takes its input from headers and a body without end (AWS docs, "PutMedia"); the first two members are required. */
const PutMediaInput$: StructureSchema = [
  3,
  NAMESPACE,
  "PutMediaInput",
  0,
  [
    "FragmentTimecodeType",
    "ProducerStartTimestamp",
    "StreamName",
    "StreamARN",
    "FragmentAcknowledgmentRequired",
    "Payload",
  ],
  [
    [SENTINEL.string, { httpHeader: "x-amzn-fragment-timecode-type" }],
    [SENTINEL.timestampEpochSeconds, { httpHeader: "x-amzn-producer-start-timestamp" }],
    [SENTINEL.string, { httpHeader: "x-amzn-stream-name" }],
    [SENTINEL.string, { httpHeader: "x-amzn-stream-arn" }],
    [SENTINEL.string, { httpHeader: "x-amzn-fragment-acknowledgment-required" }],
    [SENTINEL.streamingBlob, HTTP_PAYLOAD],
  ],
  2,
];

const PutMediaOutput$: StructureSchema = [
  3,
  NAMESPACE,
  "PutMediaOutput",
  0,
  ["Payload"],
  [[SENTINEL.streamingBlob, HTTP_PAYLOAD]],
];

/** PutMedia in the form of the SDK's own schemas, of which no JavaScript client has one for it. */
export const PutMedia$: OperationSchema = [
  9,
  NAMESPACE,
  "PutMedia",
  { http: ["POST", "/putMedia", 200] },
  PutMediaInput$,
  PutMediaOutput$,
];
