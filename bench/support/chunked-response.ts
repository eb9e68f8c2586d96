const LF = 10;
/** No server of these benches answers with more; beyond, the bytes are no HTTP response. */
const MAX_HEAD_BYTES = 16_384;

/** An HTTP/1.1 response with a chunked body (RFC 9112, section 7.1), read incrementally and without joining its body. */
export class ChunkedResponse {
  status: number | undefined;
  /** True once the last chunk has come. */
  ended = false;
  readonly #onBody: (bytes: Buffer) => void;
  #head = "";
  #line = "";
  /** Bytes of the chunk that are still to come; negative while a size line is read. */
  #left = -1;

  constructor(onBody: (bytes: Buffer) => void) {
    this.#onBody = onBody;
  }

  feed(data: Buffer): void {
    let at = this.status === undefined ? this.#readHead(data) : 0;
    while (at < data.length && !this.ended) at = this.#left >= 0 ? this.#readChunk(data, at) : this.#readSize(data, at);
  }

  /** Returns where the body begins, or the end of the data where it does not begin yet. */
  #readHead(data: Buffer): number {
    const before = this.#head.length;
    this.#head += data.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#head.length > MAX_HEAD_BYTES) throw new Error("the response's head does not end");
      return data.length;
    }
    this.status = Number(this.#head.slice(9, 12));
    if (!/\r\ntransfer-encoding: *chunked/i.test(this.#head)) throw new Error(`not chunked: ${this.#head}`);
    return end + 4 - before;
  }

  #readSize(data: Buffer, from: number): number {
    let at = from;
    while (at < data.length && data[at] !== LF) at++;
    this.#line += data.toString("latin1", from, at);
    if (at === data.length) return at;
    // The line that ends a chunk's data is empty.
    if (this.#line.trim() !== "") {
      this.#left = Number.parseInt(this.#line, 16);
      this.ended = this.#left === 0;
    }
    this.#line = "";
    return at + 1;
  }

  #readChunk(data: Buffer, from: number): number {
    const end = Math.min(data.length, from + this.#left);
    if (end > from) this.#onBody(data.subarray(from, end));
    this.#left -= end - from;
    if (this.#left === 0) this.#left = -1;
    return end;
  }
}
