import { parentPort } from "node:worker_threads";
import type { NumberedOrder, NumberedReply } from "../../keys/worker-line.ts";
import { payloadsOf } from "../built-segment.ts";
import { SegmentMaker } from "./make-segment.ts";
import type { PartReader, SegmentOrder, SegmentReply } from "./order.ts";

/** What a worker of `SegmentWorkshop` does: makes a segment for each message, and hands over the memory that its bytes lie in. */
export function serveOrders(readPart: PartReader): void {
  const maker = new SegmentMaker(readPart);
  parentPort!.on("message", ({ number, order }: NumberedOrder<SegmentOrder>) => {
    const reply = made(maker, order);
    const message: NumberedReply<SegmentReply> = { number, reply };
    parentPort!.postMessage(
      message,
      reply === undefined ? [] : payloadsOf(reply).map(({ buffer }) => buffer as ArrayBuffer),
    );
  });
}

function made(maker: SegmentMaker, order: SegmentOrder): SegmentReply {
  try {
    return maker.make(order);
  } catch {
    return undefined;
  }
}
