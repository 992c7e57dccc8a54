/** sysinfo(2): glibc asks it how much memory there is, before qsort decides where to sort. */
import { EFAULT } from './errno.ts';
import { copyOut, type Struct } from './structs.ts';
import type { Result, System } from './system.ts';

/** struct sysinfo, as far as this machine has anything to say in it; sizes in bytes. */
export interface Sysinfo {
  /** Whole seconds. */
  readonly uptime: bigint;
  readonly totalram: bigint;
  readonly freeram: bigint;
  readonly procs: number;
}

const SIZE = 112;
const at = { uptime: 0n, totalram: 32n, freeram: 40n, procs: 80n, memUnit: 104n };

export const sysinfo: Struct<Sysinfo> = {
  size: SIZE,
  load: (m, a) => ({
    uptime: m.peek(a + at.uptime, 8),
    totalram: m.peek(a + at.totalram, 8),
    freeram: m.peek(a + at.freeram, 8),
    procs: Number(m.peek(a + at.procs, 2)),
  }),
  store(m, a, v) {
    m.pokeBytes(a, new Uint8Array(SIZE));
    m.poke(a + at.uptime, 8, v.uptime);
    m.poke(a + at.totalram, 8, v.totalram);
    m.poke(a + at.freeram, 8, v.freeram);
    m.poke(a + at.procs, 2, BigInt(v.procs));
    m.poke(a + at.memUnit, 4, 1n);
  },
  show: (v) =>
    `{uptime=${v.uptime}, loads=[0, 0, 0], totalram=${v.totalram}, freeram=${v.freeram}, sharedram=0, bufferram=0, ` +
    `totalswap=0, freeswap=0, procs=${v.procs}, totalhigh=0, freehigh=0, mem_unit=1}`,
};

const NS_PER_SEC = 1_000_000_000n;
const RAM = 1n << 30n;

/** Up since the monotonic clock began. EFAULT: `info` cannot be written. */
export function readSysinfo(k: System, a: { info: bigint }): Result {
  const said = { uptime: k.clock.nowNs / NS_PER_SEC, totalram: RAM, freeram: RAM, procs: 1 };
  return copyOut(k.memory, sysinfo, a.info, said) ? 0 : -EFAULT;
}
