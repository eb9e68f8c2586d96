/** What the server syncs, each with a counter of its own in its `GET /metrics`. */
const SYNCED = ["journal", "index", "catalog"];

/** Syncs of everything that the server keeps on disk, since its start. */
export async function syncs(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return SYNCED.reduce((sum, what) => sum + counter(text, `kvass_${what}_syncs_total`), 0);
}

function counter(text: string, name: string): number {
  const value = new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`the server has no counter ${name}`);
  return Number(value);
}
