import { type ErrorSchema, type OperationSchema, SENTINEL, type StructureSchema } from "../schema/schema.ts";
import type { AccessRule, ServiceDeclaration } from "../service.ts";
import { pattern } from "../validation/constraints.ts";

/** A small service that no SDK has, with one of each thing that the runtime knows: for tests. */

/** An error of the service's rules. */
export class CameraError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const NAMESPACE = "test.camera";
const HTTP_PAYLOAD = 16;
const SENSITIVE = 8;
const HTTP_LABEL = 1;

const error = (name: string, httpError: number, member: string): ErrorSchema => [
  -3,
  NAMESPACE,
  name,
  { error: "client", httpError },
  [member],
  [SENTINEL.string],
];

/** Refers to itself, as trees do. */
const Preset$: StructureSchema = [
  3,
  NAMESPACE,
  "Preset",
  0,
  ["Name", "Secret", "Children"],
  [SENTINEL.string, [SENTINEL.string, SENSITIVE], () => [1, NAMESPACE, "Presets", 0, () => Preset$]],
  1,
];

const PointInput$: StructureSchema = [
  3,
  NAMESPACE,
  "PointInput",
  0,
  ["Camera", "Pan", "Labels", "Names", "At", "Live", "Preset", "Renamed", "Image"],
  [
    SENTINEL.string,
    SENTINEL.number,
    SENTINEL.mapOf,
    SENTINEL.listOf,
    SENTINEL.timestamp,
    SENTINEL.boolean,
    () => Preset$,
    [SENTINEL.string, { jsonName: "renamed" }],
    SENTINEL.blob,
  ],
  1,
];

const PointOutput$: StructureSchema = [
  3,
  NAMESPACE,
  "PointOutput",
  0,
  ["Camera", "At", "Etag", "Preset", "Image"],
  [SENTINEL.string, SENTINEL.timestamp, [SENTINEL.string, { httpHeader: "ETag" }], () => Preset$, SENTINEL.blob],
];

const ReadInput$: StructureSchema = [
  3,
  NAMESPACE,
  "ReadInput",
  0,
  ["Camera", "Since", "Tag", "Depth", "Raw"],
  [
    [SENTINEL.string, HTTP_LABEL],
    [SENTINEL.timestamp, { httpHeader: "x-since" }],
    [SENTINEL.listOf, { httpQuery: "tag" }],
    [SENTINEL.number, { httpQuery: "depth" }],
    [SENTINEL.boolean, { httpHeader: "x-raw" }],
  ],
  1,
];

const Stream$: StructureSchema = [
  3,
  NAMESPACE,
  "Stream",
  0,
  ["Camera", "Payload"],
  [
    [SENTINEL.string, { httpHeader: "x-camera" }],
    [SENTINEL.streamingBlob, HTTP_PAYLOAD],
  ],
  1,
];

const operation = (name: string, method: string, path: string, input: unknown, output: unknown): OperationSchema => [
  9,
  NAMESPACE,
  name,
  { http: [method, path, 200] },
  () => input,
  () => output,
];

const rule = (name: string): AccessRule => ({
  action: `camera:${name}`,
  denied: "DeniedException",
  resource: (input, { accountId }) => `arn:aws:camera::${accountId}:${String(input.Camera)}`,
});

/** The service's declaration. */
export const camera: ServiceDeclaration = {
  name: "camera",
  signingName: "kinesisvideo",
  operations: [
    operation("Point", "POST", "/point", PointInput$, PointOutput$),
    operation("Read", "GET", "/cameras/{Camera}/reading", ReadInput$, PointOutput$),
    operation("Record", "POST", "/record", Stream$, Stream$),
    operation("Repair", "POST", "/repair", "unit", "unit"),
  ],
  errors: [
    error("BadInputException", 400, "Message"),
    error("DeniedException", 401, "Message"),
    error("LostException", 404, "message"),
  ],
  constraints: {
    PointInput: {
      Camera: { length: [1, 8], pattern: pattern("[a-z]+") },
      Pan: { range: [-90, 90] },
      Labels: { length: [1, 2], keys: { length: [1, 3] }, values: { length: [0, 3] } },
      Names: { length: [0, 2], items: { length: [1, 3] } },
    },
    Preset: { Name: { oneOf: ["NEAR", "FAR"] }, Secret: { length: [4, 8] } },
    Stream: { Camera: { length: [1, 8] } },
  },
  invalidInput: "BadInputException",
  access: { Point: rule("Point"), Read: rule("Read"), Record: rule("Record"), Repair: rule("Repair") },
  codeOf: (failure) => (failure instanceof CameraError ? failure.code : undefined),
  errorTypes: { lost: "LostException" },
};
