/** Away from the goroutine and back to it: mcall and gogo. */
import { R } from '#emu/cpu/layout.ts';
import { hex } from '../go/show.ts';
import type { Model } from '../model.ts';
import type { Scenario } from '../scenario.ts';

/** What mcall runs on g0: it must see the goroutine it came from, and goes back by gogo. */
const onG0: Model = {
  name: 'main.onG0',
  convention: 'ABIInternal',
  frame: 0x10,
  sites: ['gogo'],
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const gp = f.reg(R.ax);
    world.expect(gp === world.curg.at, 'mcall', `fn's argument is ${hex(gp)}, not the goroutine ${hex(world.curg.at)}`);
    world.expect(
      f.reg(R.r14) === world.g0.at && world.currentG === world.g0.at,
      'g',
      'R14 or TLS is not g0 after mcall',
    );
    // What execute does: the goroutine's own registers come back from its gobuf.
    f.set(0, world.curg.sched);
    yield { site: 'gogo', target: 'runtime.gogo', convention: 'ABI0' };
    return undefined;
  },
};

const main: Model = {
  name: 'main.mcall',
  convention: 'ABIInternal',
  frame: 0x20,
  sites: ['mcall'],
  *body(f) {
    const { world } = f;
    f.set(0x10, world.addressOf('main.onG0'));
    f.setReg(R.ax, f.slot(0x10));
    yield { site: 'mcall', target: 'runtime.mcall', convention: 'ABIInternal' };
    world.expect(
      world.currentG === world.curg.at && f.reg(R.r14) === world.curg.at,
      'g',
      'R14 or TLS is not the goroutine after gogo',
    );
    return undefined;
  },
};

export const mcall: Scenario = {
  name: 'mcall',
  why: 'mcall leaves a goroutine for g0, gogo comes back to it',
  stubs: ['runtime.mcall', 'runtime.gogo'],
  stacks: ['curg'],
  globals: {},
  situations: [{ name: 'there and back', fail: [], ends: { kind: 'done' } }],
  main: () => main,
  models: [onG0],
};
