/** Bytes being written, little-endian, with room for what is known only later. */

export class Bytes {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  /** No copy: good until more is written. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  get contents(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  /** Room for so many more bytes; it may lie in a new buffer, so it is made before anything is written. */
  #reserve(size: number): number {
    const at = this.length;
    this.length += size;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: number | bigint): this {
    if (typeof value === 'number') return this.u32(value).u32(Math.floor(value / 2 ** 32));
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), true);
    return this;
  }

  /** DWARF's variable-length integers (DWARF 4, 7.6). */
  uleb(value: number): this {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.u8((rest & 127) | 128);
    return this.u8(rest);
  }

  sleb(value: number): this {
    let rest = value;
    for (; rest < -64 || rest > 63; rest >>= 7) this.u8((rest & 127) | 128);
    return this.u8(rest & 127);
  }

  /** UTF-8 with a NUL behind it. */
  text(text: string): this {
    return this.put(new TextEncoder().encode(text)).u8(0);
  }

  put(bytes: ArrayLike<number>): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** To the next multiple of `size`. */
  align(size: number, filler = 0): this {
    while (this.length % size) this.u8(filler);
    return this;
  }

  patch8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  patch32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }
}
