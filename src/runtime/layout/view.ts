/** Structs in guest memory as typed views: reading a property reads the guest's bytes, there is no copy. */
import type { Memory } from '#emu/mem/memory.ts';
import type { Struct } from './struct.ts';

export type View<F extends string> = { readonly at: bigint } & Record<F, bigint>;

/** A view of the struct at `at`. Fields wider than 8 bytes are structs themselves: their property is their address. */
export function view<F extends string>(mem: Memory, layout: Struct<F>, at: bigint): View<F> {
  const out = { at } as View<F>;
  for (const [field, [offset, size]] of Object.entries(layout.fields) as [F, readonly [number, number]][]) {
    const where = at + BigInt(offset);
    const nested = size > 8;
    Object.defineProperty(out, field, {
      enumerable: true,
      get: () => (nested ? where : mem.peek(where, size)),
      set: (v: bigint) => {
        if (nested) throw new Error(`${layout.name}.${field} is a struct: view it at its address`);
        mem.poke(where, size, v);
      },
    });
  }
  return out;
}
