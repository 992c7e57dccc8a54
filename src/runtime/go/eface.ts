/** Values as panic takes them, an `any` each: the address of a type, and of the value. runtime/runtime2.go, runtime/error.go */
import type { World } from '../world.ts';

export interface Eface {
  readonly type: bigint;
  readonly data: bigint;
}

/** The address that stands for a type: nothing here looks behind it. */
const typeString = (world: World): bigint => world.variable('type.string');

/** A string, as the compiler keeps those that are constants. */
export function stringValue(world: World, text: string): Eface {
  const { mem } = world.machine;
  const bytes = new TextEncoder().encode(text);
  const data = world.heap.persistent(16 + bytes.length);
  mem.poke(data, 8, data + 16n);
  mem.poke(data + 8n, 8, BigInt(bytes.length));
  mem.pokeBytes(data + 16n, bytes);
  return { type: typeString(world), data };
}

/** func printany(i any): what print says of a value. */
export function printany(world: World, { type, data }: Eface): void {
  const { mem } = world.machine;
  if (type === 0n) return world.print('nil');
  // Of a type without a name print knows nothing but addresses.
  if (type !== typeString(world)) return world.print(`(0x${type.toString(16)}) 0x${data.toString(16)}`);
  world.print(new TextDecoder().decode(mem.peekBytes(mem.peek(data, 8), Number(mem.peek(data + 8n, 8)))));
}
