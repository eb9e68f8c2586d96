import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, test } from "node:test";
import { DEFAULT_LIMITS } from "./limits.ts";
import { ProgressWatch } from "./watch.ts";

const { progressBytes, progressWindowMs, stalledAnswerMs, standstillMs } = DEFAULT_LIMITS;
const watches: ProgressWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

/** An exchange whose counters a test moves by hand. */
function exchange() {
  const socket = {
    bytesRead: 0,
    bytesWritten: 0,
    destroyed: false,
    destroy() {
      this.destroyed = true;
    },
  };
  const request = { socket, complete: false, readableLength: 0 };
  const response = { writableLength: 0 };
  const watch = new ProgressWatch(DEFAULT_LIMITS);
  watches.push(watch);
  const watched = watch.add(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  const start = Date.now();
  return { socket, request, response, watch, watched, sweep: (after: number) => watch.sweep(start + after) };
}

test("a body that trickles is cut after a window, and one that comes forward is not", () => {
  const slow = exchange();
  slow.socket.bytesRead = progressBytes - 1;
  slow.sweep(progressWindowMs - 1000);
  assert.equal(slow.socket.destroyed, false);
  slow.sweep(progressWindowMs + 1000);
  assert.equal(slow.socket.destroyed, true);
  const steady = exchange();
  for (let window = 1; window < 10; window++) {
    steady.socket.bytesRead += progressBytes;
    steady.sweep(window * progressWindowMs);
  }
  assert.equal(steady.socket.destroyed, false);
});

test("a client is not blamed while the server has not taken what came, nor when its request has ended", () => {
  const waiting = exchange();
  waiting.request.readableLength = 1;
  waiting.sweep(10 * progressWindowMs);
  assert.equal(waiting.socket.destroyed, false);
  const ended = exchange();
  ended.request.complete = true;
  ended.sweep(10 * progressWindowMs);
  assert.equal(ended.socket.destroyed, false);
});

test("an answer that nobody takes is cut, and one that is taken slowly is not", () => {
  const stalled = exchange();
  stalled.request.complete = true;
  stalled.response.writableLength = 1000;
  stalled.sweep(stalledAnswerMs - 1000);
  assert.equal(stalled.socket.destroyed, false);
  stalled.sweep(stalledAnswerMs + 1000);
  assert.equal(stalled.socket.destroyed, true);
  const slow = exchange();
  slow.request.complete = true;
  slow.response.writableLength = 1000;
  for (let window = 1; window < 5; window++) {
    slow.socket.bytesWritten += 1;
    slow.sweep(window * stalledAnswerMs);
  }
  assert.equal(slow.socket.destroyed, false);
});

test("a producer that reads nothing is cut once it is not read either, and not before", () => {
  const mute = exchange();
  mute.response.writableLength = 1000;
  for (let window = 1; window < 5; window++) {
    mute.socket.bytesRead += progressBytes;
    mute.sweep(window * (standstillMs + 1000));
  }
  assert.equal(mute.socket.destroyed, false);
  mute.sweep(5 * (standstillMs + 1000));
  assert.equal(mute.socket.destroyed, true);
  const idle = exchange();
  idle.sweep(1000);
  idle.sweep(standstillMs + 2000);
  assert.equal(idle.socket.destroyed, false);
});

test("what a connection moved for earlier requests is no progress of a later one", () => {
  const late = exchange();
  late.socket.bytesRead = 1e9;
  late.socket.bytesWritten = 1e9;
  late.response.writableLength = 1000;
  late.sweep(5000);
  late.sweep(standstillMs + 4000);
  assert.equal(late.socket.destroyed, false);
  late.sweep(standstillMs + 6000);
  assert.equal(late.socket.destroyed, true);
});

test("an exchange is forgotten when it is removed", () => {
  const { watch, watched } = exchange();
  assert.equal(watch.size, 1);
  watch.remove(watched);
  assert.equal(watch.size, 0);
});
