import { type ErrorSchema, type OperationSchema, SENTINEL, type StructureSchema } from "../../aws/schema/schema.ts";

/**
 * The service in the form of the SDK's schemas, which the client that its package registry serves does not have yet (AWS docs,
 * "Amazon Kinesis Video WebRTC Storage" API reference).
 */
const NAMESPACE = "com.amazonaws.kinesisvideowebrtcstorage";

/** `clientId` is not documented here, but C clients join as viewers through this operation and send it. */
const JoinStorageSessionInput$: StructureSchema = [
  3,
  NAMESPACE,
  "JoinStorageSessionInput",
  0,
  ["channelArn", "clientId"],
  [SENTINEL.string, SENTINEL.string],
  1,
];

const JoinStorageSessionAsViewerInput$: StructureSchema = [
  3,
  NAMESPACE,
  "JoinStorageSessionAsViewerInput",
  0,
  ["channelArn", "clientId"],
  [SENTINEL.string, SENTINEL.string],
  2,
];

/** Both operations of the service. */
export const operations: readonly OperationSchema[] = [
  [
    9,
    NAMESPACE,
    "JoinStorageSession",
    { http: ["POST", "/joinStorageSession", 200] },
    JoinStorageSessionInput$,
    "unit",
  ],
  [
    9,
    NAMESPACE,
    "JoinStorageSessionAsViewer",
    { http: ["POST", "/joinStorageSessionAsViewer", 200] },
    JoinStorageSessionAsViewerInput$,
    "unit",
  ],
];

/** The service's errors. */
export const errors: readonly ErrorSchema[] = [
  error("AccessDeniedException", 403),
  error("ClientLimitExceededException", 400),
  error("InvalidArgumentException", 400),
  error("ResourceNotFoundException", 404),
];

function error(name: string, httpError: number): ErrorSchema {
  return [-3, NAMESPACE, name, { error: "client", httpError }, ["message"], [SENTINEL.string]];
}
