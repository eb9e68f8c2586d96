/** Reads the counters that a server's `GET /metrics` names so; throws where one is missing. */
async function counters(url: string, names: readonly string[]): Promise<number[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return names.map((name) => {
    const match = new RegExp(`^${name} (\\d+)$`, "m").exec(text);
    if (match === null) throw new Error(`the server does not count ${name}`);
    return Number(match[1]);
  });
}

/** File syncs of the server's journal and catalog since its start. */
export async function syncs(url: string): Promise<number> {
  const counts = await counters(url, ["kvass_journal_syncs_total", "kvass_catalog_syncs_total"]);
  return counts.reduce((sum, count) => sum + count, 0);
}
