import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { openFragmentIndex } from "../../catalog/sqlite/open-fragment-index.ts";
import { journalContract } from "../../contract/journal.ts";
import { FileJournal } from "./file-journal.ts";
import { nodeFileSystem } from "./file-system.ts";

const root = mkdtempSync(join(tmpdir(), "kvass-journal-"));
after(() => rmSync(root, { recursive: true }));

journalContract("journal in files", async () => {
  const folder = mkdtempSync(join(root, "contract-"));
  const { index, ledger } = openFragmentIndex(join(folder, "index.db"));
  const journal = await FileJournal.open({
    folder: join(folder, "journal"),
    ledger,
    survives: () => true,
    limits: {},
    files: nodeFileSystem,
  });
  return {
    journal,
    index,
    ledger,
    close: async () => {
      await journal.close();
      await index.close();
    },
  };
});
