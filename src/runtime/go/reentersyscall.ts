/** reentersyscall: entersyscall for a frame that is given, not called from. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { G, P, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import { casgstatus } from './casgstatus.ts';
import { save } from './save.ts';
import { hex } from './show.ts';

/** A guard above every stack: the next prologue looks closer. stackPreempt (runtime/stack.go) */
export const STACK_PREEMPT = 0xffff_ffff_ffff_faden;

/** func reentersyscall(pc, sp uintptr) */
export const reentersyscall: Model = {
  name: 'runtime.reentersyscall',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x28,
  nosplit: true,
  sites: {
    casgstatus: 'casgstatus(_g_, _Grunning, _Gsyscall)',
    sysmon: 'systemstack(entersyscall_sysmon)',
    status: 'atomic.Store(&pp.status, _Psyscall)',
    gcwait: 'systemstack(entersyscall_gcwait)',
  },
  show: (f) => `${f.world.machine.symbols.nameOf(f.reg(R.ax)) ?? hex(f.reg(R.ax))}, ${hex(f.reg(R.bx))}`,
  *body(f) {
    const { world, g } = f;
    const [pc, sp] = [f.reg(R.ax), f.reg(R.bx)];
    const mp = f.m;
    mp.locks += 1n;
    // No stack may grow from here on: the traceback starts at pc and sp, and would not find the frames below.
    g.stackguard0 = STACK_PREEMPT;
    g.throwsplit = 1n;
    save(f, pc, sp);
    g.syscallsp = sp;
    g.syscallpc = pc;
    yield* casgstatus(f, 'casgstatus', g, G.running, G.syscall);
    inBounds(f, sp);
    if (world.sched.sysmonwait !== 0n) {
      yield* onSystemStack(f, 'sysmon', 'runtime.entersyscall_sysmon');
      save(f, pc, sp);
    }
    const pp = world.pOf(mp.p);
    mp.syscalltick = pp.syscalltick;
    g.sysblocktraced = 1n;
    pp.m = 0n;
    if (world.has('clear-m-p')) {
      mp.oldp = pp.at;
      mp.p = 0n;
    }
    // From the next word on the P may be anybody's.
    yield { site: 'status' };
    pp.status = BigInt(P.syscall);
    if (world.sched.gcwaiting !== 0n) {
      yield* onSystemStack(f, 'gcwait', 'runtime.entersyscall_gcwait');
      save(f, pc, sp);
    }
    mp.locks -= 1n;
    return undefined;
  },
};

/** A frame outside the stack is no frame. */
function inBounds({ world, g, mem }: Frame, sp: bigint): void {
  const { lo, hi } = view(mem, stack, g.stack);
  if (sp >= lo && sp <= hi) return;
  world.print(`entersyscall inconsistent ${hex(sp)} [${hex(lo)},${hex(hi)}]\n`);
  world.throw('entersyscall');
}

/** systemstack(fn), from a site, with a function that captures nothing. */
export function* onSystemStack(f: Frame, site: string, fn: string): Body<void> {
  f.set(0, f.world.funcval(fn));
  yield { site, target: 'runtime.systemstack', convention: 'ABI0' };
}
