/** sigaction through C: the stub that keeps RSP in BX, which C must give back. */
import { EINVAL } from '#emu/linux/errno.ts';
import { hex } from '../go/show.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario, Situation } from '../scenario.ts';
import { stackNames } from '../world.ts';

const SIGUSR1 = 10n;
const HANDLER = 0x40_1000n;

/** struct sigactiont in the frame: handler, flags, restorer, mask. */
const NEW = 0x20;
const OLD = 0x40;

const main = (s: Situation): Model => ({
  name: 'main.sigaction',
  convention: 'ABIInternal',
  frame: 0x70,
  sites: sites('callCgoSigaction'),
  *body(f) {
    [HANDLER, 0n, 0n, 0n].forEach((v, i) => f.set(NEW + 8 * i, v));
    f.set(0, SIGUSR1);
    f.set(8, f.slot(NEW));
    f.set(0x10, f.slot(OLD));
    f.set(0x18, 0xdead_dead_dead_deadn);
    // Go goes through systemstack unless it is on a signal stack already; the stub itself works on any stack.
    yield { site: 'callCgoSigaction', target: 'runtime.callCgoSigaction', convention: 'ABI0' };
    const ret = f.get(0x18, 4);
    const want = s.fail.length ? BigInt(EINVAL) : 0n;
    f.world.expect(ret === want, 'errno', `callCgoSigaction returned ${ret}, not ${want}`);
    f.world.expect(f.get(0x1c, 4) === 0xdead_deadn, 'result', 'callCgoSigaction stored more than 32 bits');
    const seen = f.world.noted('x_cgo_sigaction');
    const given = [SIGUSR1, f.slot(NEW), f.slot(OLD)];
    f.world.expect(
      given.every((v, i) => v === seen?.[i]),
      'arguments',
      `x_cgo_sigaction received (${(seen ?? []).map(hex).join(', ')})`,
    );
    return undefined;
  },
});

export const sigaction: Scenario = {
  name: 'sigaction',
  why: 'sigaction through C: callCgoSigaction keeps RSP in BX across the call',
  stubs: ['runtime.callCgoSigaction'],
  stacks: stackNames,
  globals: { _cgo_sigaction: 'x_cgo_sigaction' },
  situations: [
    { name: 'success', fail: [], ends: { kind: 'done' } },
    { name: 'EINVAL: errno', fail: ['rt_sigaction:EINVAL'], ends: { kind: 'done' } },
  ],
  main,
};
