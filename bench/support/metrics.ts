/**
 * Syncs of the server's journal since its start, as its `GET /metrics` counts them. The fragment index adds one a second, for its checkpoints,
 * and the catalog one for each change of a stream.
 */
export async function journalSyncs(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const match = /^kvass_journal_syncs_total (\d+)$/m.exec(text);
  if (match === null) throw new Error("the server does not count the syncs of its journal");
  return Number(match[1]);
}
