import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SEQUENCE_BLOCK, SequenceAllocator, SequencesExhausted } from "./sequences.ts";

/** A catalog's reservation that settles when the test says so. */
class Reservation {
  stored: number;
  failing = false;
  writes = 0;

  constructor(stored: number) {
    this.stored = stored;
  }

  readonly reserve = async (until: number): Promise<void> => {
    this.writes++;
    await Promise.resolve();
    if (this.failing) throw new Error("disk full");
    this.stored = until;
  };
}

function fresh(): { sequences: SequenceAllocator; reservation: Reservation } {
  const reservation = new Reservation(1 + SEQUENCE_BLOCK);
  const sequences = new SequenceAllocator({ next: 1, reserved: reservation.stored, reserve: reservation.reserve });
  return { sequences, reservation };
}

test("the first fragment of a stream is 1 and those of one connection follow each other", async () => {
  const { sequences, reservation } = fresh();
  const connection = await sequences.beginConnection();
  assert.deepEqual([connection.next(), connection.next(), connection.next()], [1, 2, 3]);
  assert.equal(reservation.writes, 0);
});

test("a connection starts 1,000 above the one before it, or just after it where that was longer", async () => {
  const { sequences } = fresh();
  const first = await sequences.beginConnection();
  assert.equal(first.next(), 1);
  const second = await sequences.beginConnection();
  assert.equal(second.next(), 1_001);
  for (let i = 1; i < 1_500; i++) second.next();
  const third = await sequences.beginConnection();
  assert.equal(third.next(), 2_501);
});

test("a connection that brings no fragment uses no numbers", async () => {
  const { sequences } = fresh();
  for (let i = 0; i < 20; i++) await sequences.beginConnection();
  assert.equal((await sequences.beginConnection()).next(), 1);
});

test("two connections at once never get one number, and each sees its own ascend", async () => {
  const { sequences } = fresh();
  const a = await sequences.beginConnection();
  const b = await sequences.beginConnection();
  assert.deepEqual([a.next(), b.next(), a.next(), b.next()], [1, 1_001, 1_002, 1_003]);
});

test("after a restart numbers go on where the reservation ended, and not before the next one is stored", async () => {
  const reservation = new Reservation(10_001);
  const sequences = new SequenceAllocator({ next: 10_001, reserved: 10_001, reserve: reservation.reserve });
  const connection = await sequences.beginConnection();
  assert.equal(reservation.stored, 20_001);
  assert.equal(connection.next(), 10_001);
});

test("a new block is reserved ahead of need, with one write", async () => {
  const { sequences, reservation } = fresh();
  const connection = await sequences.beginConnection();
  for (let i = 0; i < 6_000; i++) connection.next();
  assert.equal(reservation.writes, 1);
  await new Promise(setImmediate);
  assert.equal(reservation.stored, 20_001);
});

test("without a reservation no number is given, and a recovered catalog brings them back", async () => {
  const { sequences, reservation } = fresh();
  const connection = await sequences.beginConnection();
  reservation.failing = true;
  for (let sequence = 1; sequence <= SEQUENCE_BLOCK; sequence++) assert.equal(connection.next(), sequence);
  assert.throws(() => connection.next(), SequencesExhausted);
  await new Promise(setImmediate);
  assert.throws(
    () => connection.next(),
    (error: Error) => error.cause instanceof Error && error.cause.message === "disk full",
  );
  await new Promise(setImmediate);
  reservation.failing = false;
  const late = await sequences.beginConnection();
  assert.equal(late.next(), 10_001);
  assert.equal(connection.next(), 10_002);
});

test("whatever connections and restarts come, numbers ascend and are reserved before they are given", async () => {
  const step = fc.constantFrom("connect", "fragments", "restart", "settle", "fail", "recover");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      let { sequences, reservation } = fresh();
      let last = 0;
      let connection = await sequences.beginConnection();
      for (const action of steps) {
        if (action === "connect") connection = await sequences.beginConnection();
        if (action === "settle") await new Promise(setImmediate);
        if (action === "fail") reservation.failing = true;
        if (action === "recover") reservation.failing = false;
        if (action === "restart") {
          reservation = new Reservation(reservation.stored);
          const { stored, reserve } = reservation;
          sequences = new SequenceAllocator({ next: stored, reserved: stored, reserve });
          connection = await sequences.beginConnection();
        }
        for (let i = 0; action === "fragments" && i < 3_000; i++) {
          try {
            const sequence = connection.next();
            assert.ok(sequence > last && sequence < reservation.stored, `${sequence} after ${last}`);
            last = sequence;
          } catch (error) {
            assert.ok(error instanceof SequencesExhausted);
          }
        }
      }
    }),
    { numRuns: 100 },
  );
});
