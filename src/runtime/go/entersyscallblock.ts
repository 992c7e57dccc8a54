/** entersyscallblock: into a system call that is known to block: the P is handed on at once. runtime/proc.go */
import type { Frame } from '../frame.ts';
import { G, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import { releasep } from './acquirep.ts';
import { call } from './call.ts';
import { casgstatus } from './casgstatus.ts';
import { onSystemStack, STACK_PREEMPT } from './reentersyscall.ts';
import { save } from './save.ts';
import { hex } from './show.ts';

/** func entersyscallblock() */
export const entersyscallblock: Model = {
  name: 'runtime.entersyscallblock',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x58,
  nosplit: true,
  sites: {
    casgstatus: 'casgstatus(_g_, _Grunning, _Gsyscall)',
    handoff: 'systemstack(entersyscallblock_handoff)',
  },
  *body(f) {
    const { world, g } = f;
    const mp = f.m;
    mp.locks += 1n;
    g.throwsplit = 1n;
    g.stackguard0 = STACK_PREEMPT;
    const pp = world.pOf(mp.p);
    mp.syscalltick = pp.syscalltick;
    g.sysblocktraced = 1n;
    pp.syscalltick += 1n;
    const pc = f.mem.read(f.entry, 8);
    const sp = f.entry + 8n;
    save(f, pc, sp);
    g.syscallsp = sp;
    g.syscallpc = pc;
    inBounds(f, sp);
    yield* casgstatus(f, 'casgstatus', g, G.running, G.syscall);
    yield* onSystemStack(f, 'handoff', 'runtime.entersyscallblock_handoff');
    save(f, f.mem.read(f.entry, 8), f.entry + 8n);
    mp.locks -= 1n;
    return undefined;
  },
};

/** A frame outside the stack is no frame. */
function inBounds({ world, g, mem }: Frame, sp: bigint): void {
  const { lo, hi } = view(mem, stack, g.stack);
  if (sp >= lo && sp <= hi) return;
  const three = [sp, sp, sp].map(hex).join(' ');
  world.print(`entersyscallblock inconsistent ${three} [${hex(lo)},${hex(hi)}]\n`);
  world.throw('entersyscallblock');
}

/** func entersyscallblock_handoff() */
export const entersyscallblockHandoff: Model = {
  name: 'runtime.entersyscallblock_handoff',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x28,
  sites: { handoffp: 'handoffp(releasep())' },
  *body(f) {
    yield* call(f, 'handoffp', 'runtime.handoffp', releasep(f).at);
    return undefined;
  },
};
