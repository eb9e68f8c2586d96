import { extname } from "node:path";
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
  readonly keepGaps: boolean;
  readonly progress: SaveProgress;
}

/** Opens the output of part `index`, from 0: `clip.mkv`, `clip-2.mkv`, ... */
async function openPart({ path, progress }: SaveOptions, index: number): Promise<Output> {
  if (path === "-") return streamOutput(process.stdout);
  const extension = extname(path);
  const part = index === 0 ? path : `${path.slice(0, path.length - extension.length)}-${index + 1}${extension}`;
  progress.files[index] = part;
  return fileOutput(part);
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
