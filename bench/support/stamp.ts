/** Marks a frame that carries the time of its sending; eight bytes that no other part of a bench's stream contains. */
const MARK = Buffer.from("c5a7e19b3d42f086", "hex");
/** Mark and time, at the very end of a frame, so that a frame has come whole when its stamp has. */
export const STAMP_BYTES = MARK.length + 8;

/** Writes a stamp at the end of `frame`, where `time` is in ms of `performance.now()`. */
export function stamp(frame: Buffer, end: number, time: number): void {
  MARK.copy(frame, end - STAMP_BYTES);
  frame.writeDoubleBE(time, end - 8);
}

/** Finds the stamps in a stream of bytes, however it is cut. */
export class StampScanner {
  #tail: Buffer = Buffer.alloc(0);

  /** Calls `found` with the time of each stamp that these bytes complete. */
  feed(bytes: Buffer, found: (time: number) => void): void {
    const data = this.#tail.length === 0 ? bytes : Buffer.concat([this.#tail, bytes]);
    let next = 0;
    for (let at = data.indexOf(MARK); at >= 0 && at + STAMP_BYTES <= data.length; at = data.indexOf(MARK, next)) {
      found(data.readDoubleBE(at + MARK.length));
      next = at + STAMP_BYTES;
    }
    this.#tail = data.subarray(Math.max(next, data.length - STAMP_BYTES + 1));
  }
}
