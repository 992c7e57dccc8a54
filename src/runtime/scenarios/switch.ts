/** Away from the goroutine and back to it: mcall and gogo. */
import { R } from '#emu/cpu/layout.ts';
import { hex } from '../go/show.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario, Situation } from '../scenario.ts';

/** What gogo hands over in AX and DX. */
const RET = 0x7e7n;
const CTXT = 0xc7c7n;

/** What mcall runs on g0: it must see the goroutine it came from, and goes back by gogo. */
const onG0 = (s: Situation): Model => ({
  name: 'main.onG0',
  convention: 'ABIInternal',
  frame: 0x10,
  sites: sites('gogo'),
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const gp = f.reg(R.ax);
    world.expect(
      gp === world.curg.at,
      'mcall',
      `fn's argument is ${hex(gp)}, not the goroutine ${hex(world.curg.at)}`,
      MCALL,
    );
    world.expectSystemStack(MCALL, true);
    // Compiled code may spill its argument into the word above its return address.
    f.setArg(0, 8, gp);
    if (s === returns) return undefined;
    const sched = view(f.mem, gobuf, world.curg.sched);
    [sched.ret, sched.ctxt] = [RET, CTXT];
    if (s === noG) sched.g = 0n;
    // What execute does: the goroutine's own registers come back from its gobuf.
    f.set(0, world.curg.sched);
    yield { site: 'gogo', target: 'runtime.gogo', convention: 'ABI0' };
    return undefined;
  },
});
const MCALL = 'runtime.mcall';
const GOGO = 'runtime.gogo';

const main = (): Model => ({
  name: 'main.mcall',
  convention: 'ABIInternal',
  frame: 0x20,
  sites: sites('mcall'),
  *body(f) {
    const { world } = f;
    f.set(0x10, world.addressOf('main.onG0'));
    f.setReg(R.ax, f.slot(0x10));
    yield { site: 'mcall', target: MCALL, convention: 'ABIInternal' };
    const here = world.currentG === world.curg.at && f.reg(R.r14) === world.curg.at;
    world.expect(here, 'g', 'R14 or TLS is not the goroutine after gogo', GOGO);
    world.expect(
      f.reg(R.ax) === RET && f.reg(R.dx) === CTXT,
      'gobuf',
      `gogo left AX=${hex(f.reg(R.ax))} DX=${hex(f.reg(R.dx))}`,
      GOGO,
    );
    const { sp, ret, ctxt, bp } = view(f.mem, gobuf, world.curg.sched);
    world.expect(
      (sp | ret | ctxt | bp) === 0n,
      'gobuf',
      'gogo left something in the gobuf for the collector to find',
      GOGO,
    );
    return undefined;
  },
});

const back: Situation = { name: 'there and back', fail: [], ends: { kind: 'done' } };
const returns: Situation = {
  name: 'fn returns: throws',
  fail: [],
  ends: { kind: 'exit', status: 2, prints: 'fatal error: runtime: mcall function returned\n' },
};
const noG: Situation = {
  name: 'a gobuf without g: fault at 0',
  fail: [],
  ends: { kind: 'signal', signal: 'SIGSEGV', address: 0n },
};

export const mcall: Scenario = {
  name: 'mcall',
  why: 'mcall leaves a goroutine for g0, gogo comes back to it',
  stubs: [MCALL, GOGO],
  stacks: ['curg'],
  globals: {},
  situations: [back, returns, noG],
  main,
  models: (s) => [onG0(s)],
};

export const mcallOnG0: Scenario = {
  ...mcall,
  name: 'mcall-on-g0',
  why: 'mcall has nowhere to go from g0, and says so',
  stubs: [MCALL],
  stacks: ['g0'],
  situations: [
    {
      name: 'throws',
      fail: [],
      ends: { kind: 'exit', status: 2, prints: 'fatal error: runtime: mcall called on m->g0 stack\n' },
    },
  ],
};
