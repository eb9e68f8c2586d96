import { readFragments } from "@kvass/client";
import type { MediaSource } from "./media-source.ts";
import { fileOutput, streamOutput } from "./output.ts";
import type { SaveOptions } from "./save.ts";

/**
 * Writes the service's bytes unchanged: a Matroska file for each fragment, one after the other. They are read on their way, to count the fragments
 * and to see errors that the service tells in the media; throws as `readFragments` does, after what came before is written.
 */
export async function saveRaw(source: MediaSource, { path, progress, signal }: SaveOptions): Promise<void> {
  const output = path === "-" ? streamOutput(process.stdout) : await fileOutput(path, signal);
  async function* written(): AsyncGenerator<Uint8Array, void> {
    for await (const bytes of source.bytes()) {
      await output.write(bytes);
      progress.bytes += bytes.length;
      yield bytes;
    }
  }
  try {
    for await (const _ of readFragments(written())) progress.fragments++;
  } finally {
    await output.close();
  }
}
