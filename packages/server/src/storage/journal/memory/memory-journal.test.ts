import assert from "node:assert/strict";
import { test } from "node:test";
import { openFragmentIndex } from "../../catalog/sqlite/open-fragment-index.ts";
import { identityOf, sealedPart, summaryOf } from "../../contract/fragments.ts";
import { journalContract } from "../../contract/journal.ts";
import { JournalUnavailable } from "../../ports/journal.ts";
import { MemoryJournal } from "./memory-journal.ts";

async function open() {
  const { index, ledger } = openFragmentIndex(":memory:");
  return { journal: new MemoryJournal(ledger), index, ledger, close: () => index.close() };
}

journalContract("journal in memory", open);

test("a journal in memory fails and recovers as it is told to", async () => {
  const { journal, index, close } = await open();
  journal.setUnavailable(new JournalUnavailable("disk-full", "no space left"));
  assert.equal(journal.writable, false);
  await assert.rejects(async () => journal.begin(identityOf(1, 1), 0).append(sealedPart(1, 1)), {
    reason: "disk-full",
  });
  journal.setUnavailable(undefined);
  await journal.begin(identityOf(1, 2), 0).commit(sealedPart(1, 1), summaryOf(1));
  assert.equal((await index.totals(1)).fragments, 1);
  await close();
});
