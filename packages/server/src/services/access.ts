import type { AccessRule, AccessScope } from "../aws/service.ts";

type Input = Readonly<Record<string, unknown>>;

/** How the resource of an operation is found in its input. */
export type ResourceFinder = (input: Input, scope: AccessScope) => string;

/** The stream that an input names by `StreamARN` or `StreamName`. */
export const streamOf: ResourceFinder = (input, scope) =>
  text(input.StreamARN) ?? arnOf(scope, "stream", text(input.StreamName));

/** The channel that an input names by `ChannelARN`, `channelArn` or `ChannelName`. */
export const channelOf: ResourceFinder = (input, scope) =>
  text(input.ChannelARN) ?? text(input.channelArn) ?? arnOf(scope, "channel", text(input.ChannelName));

/** The stream or channel that an input names by `ResourceARN`. */
export const resourceOf: ResourceFinder = (input) => text(input.ResourceARN) ?? "*";

/** For operations on no resource. */
export const anyResource: ResourceFinder = () => "*";

/**
 * A rule whose IAM action is the operation's own name (AWS docs, "Actions, resources, and condition keys for Amazon Kinesis Video
 * Streams").
 */
export function rule(operation: string, denied: string, resource: ResourceFinder): AccessRule {
  return { action: `kinesisvideo:${operation}`, denied, resource };
}

/** The last part of an ARN, the creation time, is not known from a name. */
function arnOf({ region, accountId }: AccessScope, type: string, name: string | undefined): string {
  return name === undefined ? "*" : `arn:aws:kinesisvideo:${region}:${accountId}:${type}/${name}/*`;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
