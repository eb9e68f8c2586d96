import type { MediaSource } from "./media-source.ts";
import { fileOutput, streamOutput } from "./output.ts";
import type { SaveOptions } from "./save.ts";

/** Writes the service's bytes unchanged: a Matroska file for each fragment, one after the other. */
export async function saveRaw(source: MediaSource, { path, progress }: SaveOptions): Promise<void> {
  const output = path === "-" ? streamOutput(process.stdout) : await fileOutput(path);
  try {
    for await (const bytes of source.bytes()) {
      await output.write(bytes);
      progress.bytes += bytes.length;
    }
  } finally {
    await output.close();
  }
}
