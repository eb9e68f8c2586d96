/** The parts of a stream's ARN (AWS docs, "Amazon Kinesis Video Streams" API reference, StreamARN). */
export interface StreamArn {
  readonly region: string;
  /** Twelve decimal digits. */
  readonly accountId: string;
  readonly name: string;
  /** Milliseconds since the epoch: tells a stream from an earlier one of the same name. */
  readonly creationTime: number;
}

const ARN = /^arn:[a-z\d-]+:kinesisvideo:([a-z0-9-]+):([0-9]+):stream\/([a-zA-Z0-9_.-]{1,256})\/([0-9]{1,15})$/;

/** `arn:aws:kinesisvideo:{region}:{account}:stream/{name}/{creation time in ms}`. */
export function formatStreamArn({ region, accountId, name, creationTime }: StreamArn): string {
  return `arn:aws:kinesisvideo:${region}:${accountId}:stream/${name}/${creationTime}`;
}

/** The parts of a stream's ARN, or undefined where `text` is no such ARN (malformed, or of another kind of resource). */
export function parseStreamArn(text: string): StreamArn | undefined {
  const match = ARN.exec(text);
  if (match === null) return undefined;
  return { region: match[1]!, accountId: match[2]!, name: match[3]!, creationTime: Number(match[4]) };
}
