import type { WireRequest, WireResponse } from "../../aws/wire.ts";

const HEALTHY = JSON.stringify({ status: "ok" });

/**
 * `GET /health`, without authentication: 200 while the server answers requests.
 * @returns undefined for any other request
 */
export function health(request: WireRequest): WireResponse | undefined {
  const known = request.target === "/health" && (request.method === "GET" || request.method === "HEAD");
  return known ? { status: 200, headers: { "Content-Type": "application/json" }, body: HEALTHY } : undefined;
}
