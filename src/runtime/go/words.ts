/** Words that threads meet at, by address: locks and notes inside structs, and variables of the runtime. */
import { m, schedt } from '../layout/go1.19.ts';
import type { MView, World } from '../world.ts';

type SchedWord = 'lock' | 'stopnote' | 'sysmonnote' | 'sysmonlock';

const inSched = ({ sched }: World, field: SchedWord): bigint => sched.at + BigInt(schedt.fields[field][0]);

/** &sched.lock */
export const schedLock = (world: World): bigint => inSched(world, 'lock');
/** &sched.stopnote */
export const stopnote = (world: World): bigint => inSched(world, 'stopnote');
/** &sched.sysmonnote */
export const sysmonnote = (world: World): bigint => inSched(world, 'sysmonnote');
/** &sched.sysmonlock */
export const sysmonlock = (world: World): bigint => inSched(world, 'sysmonlock');

/** &mp.park */
export const park = (mp: MView): bigint => mp.at + BigInt(m.fields.park[0]);

/** A variable of the runtime's that only models know: runtime.name, 8 bytes. */
export function word(world: World, name: string): { value: bigint } {
  const { mem } = world.machine;
  const at = world.variable(`runtime.${name}`);
  return {
    get value() {
      return mem.peek(at, 8);
    },
    set value(v: bigint) {
      mem.poke(at, 8, BigInt.asUintN(64, v));
    },
  };
}
