export type { Settings } from "./app/config/options.ts";
export { ConfigError, resolveSettings } from "./app/config/settings.ts";
export { type RunningServer, startServer } from "./app/start-server.ts";
