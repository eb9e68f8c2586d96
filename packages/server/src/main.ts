/** Process entry for those who run the server without the command line: settings from the environment, until SIGTERM or SIGINT. */
import { resolveSettings, startServer } from "./index.ts";

const server = await startServer(resolveSettings({ environment: process.env }));
process.stdout.write(`kvass ready on ${server.url}\n`);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void server.stop());
