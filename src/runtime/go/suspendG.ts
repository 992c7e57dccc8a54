/** suspendG and resumeG: a goroutine is held where it stands, by the scan bit of its status. runtime/preempt.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { G, SCAN, STACK_GUARD, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import type { GView } from '../world.ts';
import { call } from './call.ts';
import { STACK_PREEMPT } from './reentersyscall.ts';
import { hex } from './show.ts';

/**
 * func suspendG(gp *g) suspendGState. On a system stack. AX is the goroutine held, 0 for a dead one; BX says whether it
 * was stopped for this, so that it has to be readied afterwards.
 */
export const suspendG: Model = {
  name: 'runtime.suspendG',
  convention: 'ABIInternal',
  file: 'runtime/preempt.go',
  frame: 0x60,
  spills: 'p',
  sites: {
    status: 's := readgstatus(gp)',
    preempted: 'casGFromPreempted(gp, _Gpreempted, _Gwaiting)',
    hold: 'castogscanstatus(gp, s, s|_Gscan)',
    running: 'castogscanstatus(gp, _Grunning, _Gscanrunning)',
    request: 'gp.preemptStop = true',
    osyield: 'osyield()',
  },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const { curg } = f.m;
    if (curg !== 0n && world.g(curg).atomicstatus === BigInt(G.running)) {
      world.throw('suspendG from non-preemptible goroutine');
    }
    const gp = world.g(f.reg(R.ax));
    const is = (s: number): boolean => gp.atomicstatus === BigInt(s);
    let stopped = false;
    for (;;) {
      yield { site: 'status' };
      if (is(G.dead)) return held(f, 0n, false);
      if (is(G.preempted)) {
        yield { site: 'preempted' };
        if (is(G.preempted)) {
          stopped = true;
          gp.atomicstatus = BigInt(G.waiting);
        }
      }
      const { atomicstatus } = gp;
      if (HOLDABLE.has(atomicstatus)) {
        yield { site: 'hold' };
        if (gp.atomicstatus === atomicstatus) {
          gp.atomicstatus = atomicstatus | SCAN;
          noRequest(f, gp);
          return held(f, gp.at, stopped);
        }
      } else if (is(G.running)) {
        yield { site: 'running' };
        if (is(G.running)) {
          gp.atomicstatus = SCAN | BigInt(G.running);
          yield { site: 'request' };
          [gp.preemptStop, gp.preempt, gp.stackguard0] = [1n, 1n, STACK_PREEMPT];
          gp.atomicstatus = BigInt(G.running);
        }
      } else if ((atomicstatus & SCAN) === 0n && !is(G.copystack)) {
        world.throw('invalid g status');
      }
      yield { site: 'osyield', target: 'runtime.osyield', convention: 'ABI0' };
    }
  },
};

/** Statuses of a goroutine that stands at a safe point. */
const HOLDABLE: ReadonlySet<bigint> = new Set([G.runnable, G.syscall, G.waiting].map(BigInt));

/** It is where it was asked to be. */
function noRequest(f: Frame, gp: GView): void {
  [gp.preemptStop, gp.preempt] = [0n, 0n];
  gp.stackguard0 = view(f.mem, stack, gp.stack).lo + STACK_GUARD;
}

function held(f: Frame, g: bigint, stopped: boolean): string {
  f.setReg(R.ax, g);
  f.setReg(R.bx, stopped ? 1n : 0n);
  return g === 0n ? 'dead' : hex(g);
}

/** func resumeG(state suspendGState): AX and BX as suspendG gave them. */
export const resumeG: Model = {
  name: 'runtime.resumeG',
  convention: 'ABIInternal',
  file: 'runtime/preempt.go',
  frame: 0x40,
  spills: 'pw',
  sites: { casfrom: 'casfrom_Gscanstatus(gp, s, s&^_Gscan)', ready: 'ready(gp, 0, true)' },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const [g, stopped] = [f.reg(R.ax), (f.reg(R.bx) & 0xffn) !== 0n];
    if (g === 0n) return undefined;
    const gp = world.g(g);
    const status = gp.atomicstatus & ~SCAN;
    if (gp.atomicstatus !== (status | SCAN) || !HOLDABLE.has(status)) world.throw('unexpected g status');
    yield { site: 'casfrom' };
    gp.atomicstatus = status;
    if (stopped) yield* call(f, 'ready', 'runtime.ready', g, 0n, 1n);
    return undefined;
  },
};
