/** futexsleep and futexwakeup: the kernel's half of a lock or a note. runtime/os_linux.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Body, Model } from '../model.ts';
import { hex } from './show.ts';

const FUTEX_WAIT_PRIVATE = 128n;
const FUTEX_WAKE_PRIVATE = 129n;
const NS_PER_SECOND = 1_000_000_000n;

/** The result of futex, behind its arguments. */
const RET = 0x28;
/** The timespec, when there is one. */
const TS = 0x30;

function* futex(f: Frame, site: string, addr: bigint, op: bigint, val: bigint, ts: bigint): Body<void> {
  f.set(0, addr);
  f.set(8, op, 4);
  f.set(0xc, val, 4);
  f.set(0x10, ts);
  f.set(0x18, 0n);
  f.set(0x20, 0n, 4);
  yield { site, target: 'runtime.futex', convention: 'ABI0' };
}

/** func futexsleep(addr *uint32, val uint32, ns int64): as long as *addr is val, but no longer than ns. */
export const futexsleep: Model = {
  name: 'runtime.futexsleep',
  convention: 'ABIInternal',
  file: 'runtime/os_linux.go',
  frame: 0x40,
  nosplit: true,
  sites: {
    forever: 'futex(unsafe.Pointer(addr), _FUTEX_WAIT_PRIVATE, val, nil, nil, 0)',
    until: 'futex(unsafe.Pointer(addr), _FUTEX_WAIT_PRIVATE, val, unsafe.Pointer(&ts), nil, 0)',
  },
  show: (f) => [hex(f.reg(R.ax)), f.reg(R.bx), BigInt.asIntN(64, f.reg(R.cx))].join(', '),
  *body(f) {
    const [addr, val, ns] = [f.reg(R.ax), f.reg(R.bx), BigInt.asIntN(64, f.reg(R.cx))];
    if (ns < 0n) {
      yield* futex(f, 'forever', addr, FUTEX_WAIT_PRIVATE, val, 0n);
      return undefined;
    }
    f.set(TS, ns / NS_PER_SECOND);
    f.set(TS + 8, ns % NS_PER_SECOND);
    yield* futex(f, 'until', addr, FUTEX_WAIT_PRIVATE, val, f.slot(TS));
    return undefined;
  },
};

/** func futexwakeup(addr *uint32, cnt uint32) */
export const futexwakeup: Model = {
  name: 'runtime.futexwakeup',
  convention: 'ABIInternal',
  file: 'runtime/os_linux.go',
  frame: 0x48,
  nosplit: true,
  sites: { futex: 'futex(unsafe.Pointer(addr), _FUTEX_WAKE_PRIVATE, cnt, nil, nil, 0)' },
  show: (f) => `${hex(f.reg(R.ax))}, ${f.reg(R.bx)}`,
  *body(f) {
    const addr = f.reg(R.ax);
    yield* futex(f, 'futex', addr, FUTEX_WAKE_PRIVATE, f.reg(R.bx), 0n);
    const ret = BigInt.asIntN(32, f.get(RET, 4));
    if (ret >= 0n) return undefined;
    f.world.print(`futexwakeup addr=${hex(addr)} returned ${ret}\n`);
    // Go stores to an address that says where it came from.
    f.mem.write(0x1006n, 4, 0x1006n);
    return undefined;
  },
};
