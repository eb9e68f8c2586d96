import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { serialization } from "../../errors.ts";
import { RequestBody } from "../../request-body.ts";
import { wirePath } from "../../schema/path.ts";
import type { Member, Shape, StructureShape } from "../../schema/shapes.ts";
import { timestampFromJson, timestampFromText } from "../timestamps.ts";
import { parseJsonObject } from "./json.ts";

/** The parts of an HTTP request that input members are bound to. */
export interface InputSource {
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly query: URLSearchParams;
  /** Values of the path's labels, percent-decoded. */
  readonly labels: Readonly<Record<string, string>>;
  /** The whole body; empty where the operation takes its body as a stream. */
  readonly body: Uint8Array;
  /** The body of an operation with a streaming payload. */
  readonly stream: Readable;
}

/** A header, query parameter or label holds no value of its member's type; `message` names the member and what was expected. */
export class InvalidText extends Error {
  override readonly name = "InvalidText";
}

/**
 * Builds an operation's input from a request: every member from where its schema binds it, with the type its schema asks for.
 * Members that the schema does not know are ignored; absent and null members are left out, required or not.
 * @throws ServiceError SerializationException where a value of the body has another type
 * @throws InvalidText where one from elsewhere has
 */
export function decodeInput(input: StructureShape, source: InputSource): Record<string, unknown> {
  const inBody = input.members.some((member) => member.binding.in === "body");
  const json = inBody ? parseJsonObject(source.body) : {};
  const decoded: Record<string, unknown> = {};
  for (const member of input.members) {
    const value = decodeMember(member, source, json);
    if (value !== undefined) decoded[member.name] = value;
  }
  return decoded;
}

function decodeMember(member: Member, source: InputSource, json: Readonly<Record<string, unknown>>): unknown {
  const path = wirePath(undefined, member.name);
  switch (member.binding.in) {
    case "body":
      return decodeValue(member.shape, own(json, member.wireName), path);
    case "payload":
      return decodePayload(member.shape, source, path);
    case "header":
      return decodeText(member.shape, headerText(source.headers[member.binding.name.toLowerCase()]), path);
    case "query":
      return decodeQuery(member.shape, source.query.getAll(member.binding.name), path);
    case "label":
      return decodeText(member.shape, source.labels[member.binding.name], path);
  }
}

function decodePayload(shape: Shape, source: InputSource, path: string): unknown {
  if (shape.kind === "stream") return new RequestBody(source.stream);
  if (shape.kind === "blob") return source.body;
  return decodeValue(shape, parseJsonObject(source.body), path);
}

function decodeQuery(shape: Shape, texts: readonly string[], path: string): unknown {
  if (shape.kind !== "list") return decodeText(shape, texts[0], path);
  return texts.length === 0 ? undefined : texts.map((text) => decodeText(shape.item, text, path));
}

/** A value from a header, query parameter or label. */
function decodeText(shape: Shape, text: string | undefined, path: string): unknown {
  if (text === undefined) return undefined;
  switch (shape.kind) {
    case "string":
      return text;
    case "number":
      return numberFromText(text) ?? invalidText(path, "a number");
    case "boolean":
      return text === "true" || (text !== "false" && invalidText(path, "true or false"));
    case "timestamp":
      return timestampFromText(text.trim()) ?? invalidText(path, "a timestamp");
    default:
      return invalidText(path, `a ${shape.kind}, which text cannot carry`);
  }
}

function numberFromText(text: string): number | undefined {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** A value from JSON. */
function decodeValue(shape: Shape, value: unknown, path: string): unknown {
  if (value === undefined || value === null) return undefined;
  switch (shape.kind) {
    case "string":
      return typeof value === "string" ? value : mismatch(path, "a string");
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? value : mismatch(path, "a number");
    case "boolean":
      return typeof value === "boolean" ? value : mismatch(path, "a boolean");
    case "timestamp":
      return timestampFromJson(value) ?? mismatch(path, "a timestamp: seconds since the epoch, or ISO-8601");
    case "blob":
    case "stream":
      return typeof value === "string" ? Buffer.from(value, "base64") : mismatch(path, "a base64 string");
    case "document":
      return value;
    case "list":
      return decodeList(shape.item, value, path);
    case "map":
      return decodeMap(shape.value, value, path);
    case "structure":
      return decodeStructure(shape, value, path);
  }
}

function decodeList(item: Shape, value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) return mismatch(path, "a list");
  return value.map((each, index) => decodeValue(item, each, `${path}.${index + 1}.member`));
}

/** Entries become own properties whatever their key, `__proto__` included. */
function decodeMap(item: Shape, value: unknown, path: string): Record<string, unknown> {
  if (!isObject(value)) return mismatch(path, "a map");
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, decodeValue(item, each, `${path}.${key}.member`)]),
  );
}

function decodeStructure(shape: StructureShape, value: unknown, path: string): Record<string, unknown> {
  if (!isObject(value)) return mismatch(path, "an object");
  const decoded: Record<string, unknown> = {};
  for (const member of shape.members) {
    const each = decodeValue(member.shape, own(value, member.wireName), wirePath(path, member.name));
    if (each !== undefined) decoded[member.name] = each;
  }
  return decoded;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Longest path that an error message shows: keys of maps are the client's. */
const MAX_PATH_LENGTH = 200;

function mismatch(path: string, expected: string): never {
  throw serialization(describe(path, expected));
}

function invalidText(path: string, expected: string): never {
  throw new InvalidText(describe(path, expected));
}

const describe = (path: string, expected: string): string =>
  `The value at '${path.slice(0, MAX_PATH_LENGTH)}' must be ${expected}.`;
