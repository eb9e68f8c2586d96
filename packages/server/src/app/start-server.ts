import { existsSync } from "node:fs";
import { Gate } from "../aws/pipeline.ts";
import type { WireRequest, WireResponse } from "../aws/wire.ts";
import { health } from "../edge/admin/health.ts";
import { metrics } from "../edge/admin/metrics.ts";
import { DEFAULT_LIMITS } from "../edge/http/limits.ts";
import { Listener, type ListenerOptions } from "../edge/http/listener.ts";
import { PlaybackPage } from "../edge/playback/page.ts";
import { PlaybackRoutes } from "../edge/playback/routes.ts";
import { checkAddress, parseAddress } from "./address.ts";
import type { Settings } from "./config/options.ts";
import { authorizeRoot, rootLookup } from "./credentials.ts";
import { type Domain, wireDomain } from "./domain.ts";
import { EventLog } from "./event-log.ts";
import { callRateLimits, journalLimits } from "./limits.ts";
import { createLog, reportRecovery } from "./log.ts";
import { environmentCredential, rootCredential } from "./root-credential.ts";
import { writeServerFile } from "./server-file.ts";
import { wireServices } from "./services.ts";
import { openStorage, storagePaths } from "./storage.ts";
import { readTls, type TlsFiles } from "./tls.ts";

/** A server that accepts requests. */
export interface RunningServer {
  /** `scheme://host:port` of the socket that it listens on. */
  readonly url: string;
  /**
   * Drains: fragments in flight finish, or get an ERROR acknowledgement when the grace is over; readers end. Resolves when all that was
   * acknowledged is durable and everything is closed. Idempotent.
   */
  stop(): Promise<void>;
}

/** After the sessions have ended, what is left on the listener are answers on their way: a moment is enough for them. */
const LISTENER_GRACE_MS = 2000;

/**
 * Starts a server over a data folder, which is made where it does not exist.
 * @throws ConfigError where a certificate or a key is none, or the root credential is half or ill-formed
 * @throws Error where the data folder is in use or damaged, or the address cannot be listened on
 */
export async function startServer(
  settings: Settings,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<RunningServer> {
  const log = createLog(settings.logLevel);
  // A start that cannot succeed leaves nothing behind. Of a folder that is in use by another server that is to be said, not that the port is.
  const tls = readTls(settings);
  environmentCredential(environment);
  if (!existsSync(storagePaths(settings.data).catalog)) await checkAddress(settings.listen);
  const storage = await openStorage({ dataDir: settings.data, limits: journalLimits(settings) });
  reportRecovery(storage.recovery, log);
  const events = new EventLog(log);
  const domain = wireDomain(settings, storage, events);
  try {
    const credential = rootCredential(settings.data, environment);
    const gate = new Gate({
      services: wireServices(domain, callRateLimits(settings), events.tell),
      region: settings.region,
      credentials: rootLookup(credential, settings.accountId),
      authorize: authorizeRoot,
      onInternalError: events.failed,
      onRefused: events.refused,
    });
    const playback = new PlaybackRoutes({
      sessions: domain.playback,
      onInternalError: (error, requestId) => events.failed(error, { requestId, operation: "playback" }),
      onForged: (request) =>
        events.refused({ reason: "unknown playback token", ...request, service: "playback", operation: "playback" }),
    });
    const page = new PlaybackPage();
    const listener = createListener(settings, tls, {
      answer: (request) => answer({ gate, domain, playback, page }, request),
      streamsBody: (method, target) => gate.streamsInput(method, target),
      onError: events.cut,
    });
    const url = await listen(listener, settings);
    const removeServerFile = writeServerFile(settings.data, {
      url: settings.publicUrl || url,
      region: settings.region,
      accessKeyId: credential.accessKeyId,
    });
    domain.start();
    log.info({ url, data: settings.data, region: settings.region, recovery: storage.recovery }, "ready");
    const stop = async (): Promise<void> => {
      removeServerFile();
      const closed = listener.close(settings.drainSeconds * 1000 + LISTENER_GRACE_MS);
      await domain.stop(settings.drainSeconds * 1000);
      await closed;
      await storage.close();
      events.close();
      log.info("stopped");
    };
    let stopped: Promise<void> | undefined;
    return {
      url,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/**
 * The administrative resources and the playback page stand beside the gate: they tell nothing of any stream. So do the resources of
 * playback, which a session token lets in that the gate has let its owner have.
 */
function answer(
  parts: { gate: Gate; domain: Domain; playback: PlaybackRoutes; page: PlaybackPage },
  request: WireRequest,
): Promise<WireResponse> | WireResponse {
  const { gate, domain, playback, page } = parts;
  // Those of viewers first: there are many of them.
  const own = playback.answer(request) ?? health(request) ?? metrics(request, domain.counters);
  return own ?? page.answer(request) ?? gate.answer(request);
}

function createListener(
  settings: Settings,
  tls: TlsFiles | undefined,
  requests: Pick<ListenerOptions, "answer" | "streamsBody" | "onError">,
): Listener {
  const { publicUrl, maxConnections } = settings;
  return new Listener({
    ...requests,
    publicUrl: publicUrl === "" ? undefined : publicUrl.replace(/\/$/, ""),
    tls: tls && { cert: tls.cert, key: tls.key },
    limits: { ...DEFAULT_LIMITS, maxConnections },
  });
}

async function listen(listener: Listener, settings: Settings): Promise<string> {
  const { host, port } = parseAddress(settings.listen);
  const bound = await listener.listen(host, port);
  const scheme = settings.tlsCert === "" ? "http" : "https";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${bound.port}`;
}
