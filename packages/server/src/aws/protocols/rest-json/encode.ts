import type { ServiceError } from "../../errors.ts";
import type { Shape, StructureShape } from "../../schema/shapes.ts";
import type { WireResponse } from "../../wire.ts";
import { timestampToSeconds } from "../timestamps.ts";

const JSON_TYPE = "application/json";

/**
 * Writes an operation's output as its schema binds it: JSON members in the schema's order, headers, and a payload that is streamed
 * where it is one. Absent members are left out.
 * @param status the status of success, from the operation's schema
 * @throws Error where a handler returned a value of another type than its schema's
 */
export function encodeOutput(
  output: StructureShape,
  status: number,
  value: Readonly<Record<string, unknown>>,
): WireResponse {
  const headers: Record<string, string> = {};
  const json: Record<string, unknown> = {};
  let payload: WireResponse["body"] | undefined;
  for (const member of output.members) {
    const each = value[member.name];
    if (each === undefined || each === null) continue;
    if (member.binding.in === "header") headers[member.binding.name] = headerText(member.shape, each);
    else if (member.binding.in === "payload") payload = payloadBytes(member.shape, each);
    else json[member.wireName] = encodeValue(member.shape, each);
  }
  if (payload !== undefined) return { status, headers, body: payload };
  return jsonResponse(status, headers, json);
}

/** Writes an error: its type in the header that SDKs read, its message in the body. */
export function encodeError(error: ServiceError): WireResponse {
  const headers = { ...error.headers, "x-amzn-ErrorType": error.type };
  return jsonResponse(error.status, headers, { [error.messageMember]: error.message });
}

function jsonResponse(status: number, headers: Record<string, string>, json: Record<string, unknown>): WireResponse {
  return { status, headers: { ...headers, "Content-Type": JSON_TYPE }, body: JSON.stringify(json) };
}

function encodeValue(shape: Shape, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  switch (shape.kind) {
    case "timestamp":
      return timestampToSeconds(expectDate(value));
    case "blob":
      return Buffer.from(value as Uint8Array).toString("base64");
    case "list":
      return (value as unknown[]).map((each) => encodeValue(shape.item, each));
    case "map":
      return Object.fromEntries(
        Object.entries(value as Record<string, unknown>).map(([key, each]) => [key, encodeValue(shape.value, each)]),
      );
    case "structure":
      return encodeStructure(shape, value as Record<string, unknown>);
    default:
      return value;
  }
}

function encodeStructure(shape: StructureShape, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const member of shape.members) {
    const each = encodeValue(member.shape, value[member.name]);
    if (each !== undefined) json[member.wireName] = each;
  }
  return json;
}

function headerText(shape: Shape, value: unknown): string {
  return shape.kind === "timestamp" ? expectDate(value).toUTCString() : String(value);
}

function payloadBytes(shape: Shape, value: unknown): WireResponse["body"] {
  if (value instanceof Uint8Array) return value;
  if (shape.kind === "stream") return value as AsyncIterable<Uint8Array>;
  return JSON.stringify(encodeValue(shape, value));
}

function expectDate(value: unknown): Date {
  if (value instanceof Date) return value;
  throw new Error(`a timestamp must be a Date, not ${typeof value}`);
}
