import type { JournalFile } from "../../packages/server/src/storage/journal/file/file-system.ts";

/** A file of the journal as an object whose members can be replaced one by one; without a descriptor that another thread could read from. */
export function wrapped(file: JournalFile): JournalFile {
  return {
    writev: (buffers, position) => file.writev(buffers, position),
    read: (target, position) => file.read(target, position),
    datasync: () => file.datasync(),
    size: () => file.size(),
    close: () => file.close(),
  };
}
