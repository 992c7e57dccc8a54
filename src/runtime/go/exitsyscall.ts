/** exitsyscall: back among Go code, with a P, or in line for one. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { findfunc, siteOf } from '../gc/function.ts';
import { G, STACK_GUARD, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import { casgstatus } from './casgstatus.ts';
import { STACK_PREEMPT } from './reentersyscall.ts';

/** func exitsyscall() */
export const exitsyscall: Model = {
  name: 'runtime.exitsyscall',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x30,
  nosplit: true,
  sites: {
    fast: 'exitsyscallfast(oldp)',
    casgstatus: 'casgstatus(_g_, _Gsyscall, _Grunning)',
    mcall: 'mcall(exitsyscall0)',
  },
  *body(f) {
    const { world, g } = f;
    f.m.locks += 1n;
    // Our caller's frame may be the system call's or deeper, never shallower: then the system call's has been popped.
    if (f.entry + 8n > g.syscallsp) {
      const hi = view(f.mem, stack, g.stack).hi;
      const from = (sp: bigint): string => `stack.hi-0x${(hi - sp).toString(16)}`;
      const fn = findfunc(world, g.syscallpc);
      const site = fn && siteOf(world, fn, g.syscallpc);
      const at = `${fn?.name ?? 'nobody'}${site ? ` (${site})` : ''}`;
      world.tell(
        `exitsyscall: its caller's frame is at ${from(f.entry + 8n)}; g.syscallsp is ${from(g.syscallsp)}, below it: a frame of ${at} that has been popped`,
      );
      world.throw('exitsyscall: syscall frame is no longer valid');
    }
    g.waitsince = 0n;
    const mp = f.m;
    const oldp = world.has('clear-m-p') ? mp.oldp : mp.p;
    mp.oldp = 0n;
    f.setReg(R.ax, oldp);
    yield { site: 'fast', target: 'runtime.exitsyscallfast', convention: 'ABIInternal' };
    if ((f.reg(R.ax) & 0xffn) !== 0n) {
      const p = world.pOf(f.m.p);
      p.syscalltick += 1n;
      yield* casgstatus(f, 'casgstatus', g, G.syscall, G.running);
      g.syscallsp = 0n;
      f.m.locks -= 1n;
      g.stackguard0 = g.preempt === 0n ? view(f.mem, stack, g.stack).lo + STACK_GUARD : STACK_PREEMPT;
      g.throwsplit = 0n;
      return 'fast';
    }
    f.m.locks -= 1n;
    yield* toSystem(f, 'mcall', 'runtime.exitsyscall0');
    // Scheduled again, perhaps on another M. Until now the collector went by syscallsp.
    f.g.syscallsp = 0n;
    world.pOf(f.m.p).syscalltick += 1n;
    f.g.throwsplit = 0n;
    return 'slow';
  },
};

/** mcall(fn), from a site: fn runs on g0 and does not return; whoever schedules the goroutine comes back here. */
export function* toSystem(f: Frame, site: string, fn: string): Body<void> {
  f.setReg(R.ax, f.world.funcval(fn));
  yield { site, target: 'runtime.mcall', convention: 'ABIInternal' };
}
