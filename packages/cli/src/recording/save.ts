import { extname } from "node:path";
import { isFile } from "./check-target.ts";
import type { MediaSource } from "./media-source.ts";
import { fileOutput, type Output, streamOutput } from "./output.ts";
import { Recorder } from "./recorder.ts";

/** What is told of a saving while it goes on. */
export interface SaveProgress {
  fragments: number;
  bytes: number;
  durationMs: number;
  /** Paths that have been written. */
  files: string[];
}

/** Where to save; `-` is stdout. */
export interface SaveOptions {
  readonly path: string;
  /** Whether files that are there already are replaced. */
  readonly force: boolean;
  readonly keepGaps: boolean;
  readonly progress: SaveProgress;
  /** Ends the waiting for somebody who reads a named pipe. */
  readonly signal: AbortSignal;
}

/** Opens the output of part `index`, from 0. */
async function openPart(options: SaveOptions, index: number): Promise<Output> {
  const { path, progress, signal } = options;
  if (path === "-") return streamOutput(process.stdout);
  const part = index === 0 ? path : await furtherPath(options, index + 1);
  progress.files[index] = part;
  return fileOutput(part, signal);
}

/** The path of a part behind the first: `clip-2.mkv`, `clip-3.mkv`, ... Numbers of files that are there already are passed over: whose they are is not known. */
async function furtherPath({ path, force }: SaveOptions, first: number): Promise<string> {
  const extension = extname(path);
  const base = path.slice(0, path.length - extension.length);
  for (let number = first; ; number++) {
    const part = `${base}-${number}${extension}`;
    if (force || !(await isFile(part))) return part;
  }
}

/** Remuxes the fragments into one Matroska file, or as many as the changes of their tracks need. What came before a failure is playable. */
export async function save(source: MediaSource, options: SaveOptions): Promise<void> {
  const { progress, keepGaps } = options;
  const recorder = new Recorder({ keepGaps, open: (index) => openPart(options, index) });
  const update = (): void => {
    const { fragments, bytes, durationMs } = recorder.progress;
    Object.assign(progress, { fragments, bytes, durationMs });
  };
  try {
    for await (const fragment of source.fragments()) {
      await recorder.add(fragment);
      update();
    }
  } finally {
    await recorder.finish();
    update();
  }
}
