/** The worker of checkpointer.ts: its own connection to the database, one passive checkpoint for each message. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { CheckpointReply } from "./checkpointer.ts";

const database = new DatabaseSync(workerData as string);
database.exec("PRAGMA wal_autocheckpoint = 0");
const checkpoint = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");

/** A passive checkpoint waits for nobody: it takes over what no reader or writer is busy with. */
function run(): CheckpointReply {
  try {
    const { log, checkpointed } = checkpoint.get() as { log: number; checkpointed: number };
    return { log, checkpointed };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort!.on("message", () => parentPort!.postMessage(run()));
