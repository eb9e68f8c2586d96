/** Preloaded into a server: the workers that open parts and make segments end now and then, wherever it is. */
import { syncBuiltinESMExports } from "node:module";
import threads, { type WorkerOptions } from "node:worker_threads";

/** Milliseconds that a worker lives, at most. */
const LIFE_MS = 2000;

class FragileWorker extends threads.Worker {
  constructor(script: string | URL, options?: WorkerOptions) {
    super(script, options);
    if (/\/(?:open|segment)-worker\.ts$/.test(String(script))) {
      setTimeout(() => void this.terminate(), LIFE_MS * Math.random()).unref();
    }
  }
}

threads.Worker = FragileWorker;
syncBuiltinESMExports();
