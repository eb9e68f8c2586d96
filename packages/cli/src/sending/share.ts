/** How far an upload has come. */
export interface UploadProgress {
  /** How long the media is, where that is known. */
  readonly durationMs: number | undefined;
  /** From the first frame that was sent to the newest; undefined before there is one. */
  readonly sentMs: number | undefined;
  readonly readBytes: number;
  /** Size of the input, where it is a file that is read as it is. */
  readonly totalBytes: number | undefined;
}

/**
 * The share of an input that has been sent, from 0 to 1; undefined where nothing tells how much there is. Bytes only count where the
 * duration is unknown: a file is read ahead of what is sent of it, a small one at once.
 */
export function shareSent({ durationMs, sentMs, readBytes, totalBytes }: UploadProgress): number | undefined {
  if (durationMs !== undefined && durationMs > 0) return Math.min((sentMs ?? 0) / durationMs, 1);
  return totalBytes === undefined ? undefined : Math.min(readBytes / Math.max(totalBytes, 1), 1);
}
