import type { WireRequest, WireResponse } from "../../aws/wire.ts";

/** One number of the process, in Prometheus's terms. */
export interface Counter {
  /** `kvass_journal_syncs_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  read(): number;
}

/**
 * `GET /metrics` in Prometheus's text format (version 0.0.4), without authentication: sums over all streams, no names.
 * @returns undefined for any other request
 */
export function metrics(request: WireRequest, counters: readonly Counter[]): WireResponse | undefined {
  if (request.target !== "/metrics" || request.method !== "GET") return undefined;
  const text = counters
    .map(({ name, type, help, read }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${read()}\n`)
    .join("");
  return {
    status: 200,
    headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
    body: Buffer.from(text),
  };
}
