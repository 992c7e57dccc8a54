/** Structs in guest memory as typed views: reading a property reads the guest's bytes, there is no copy. */
import type { Memory } from '#emu/mem/memory.ts';
import type { Struct } from './struct.ts';

export type View<F extends string> = { readonly at: bigint } & Record<F, bigint>;

type Make = new (mem: Memory, at: bigint) => { readonly at: bigint };

/** One class a layout: making a view is making an object of two words. */
const classes = new WeakMap<Struct, Make>();

/** A view of the struct at `at`. Fields wider than 8 bytes are structs themselves: their property is their address. */
export function view<F extends string>(mem: Memory, layout: Struct<F>, at: bigint): View<F> {
  let known = classes.get(layout);
  if (!known) {
    known = classOf(layout);
    classes.set(layout, known);
  }
  return new known(mem, at) as View<F>;
}

function classOf(layout: Struct): Make {
  class Bytes {
    // Declared only: a field of its own would be written twice, and views are made by the thousand.
    declare readonly mem: Memory;
    declare readonly at: bigint;
    constructor(mem: Memory, at: bigint) {
      this.mem = mem;
      this.at = at;
    }
  }
  for (const [field, [offset, size]] of Object.entries(layout.fields)) {
    const by = BigInt(offset);
    const nested = size > 8;
    Object.defineProperty(Bytes.prototype, field, {
      get(this: Bytes) {
        return nested ? this.at + by : this.mem.peek(this.at + by, size);
      },
      set(this: Bytes, v: bigint) {
        if (nested) throw new Error(`${layout.name}.${field} is a struct: view it at its address`);
        this.mem.poke(this.at + by, size, v);
      },
    });
  }
  return Bytes;
}
