/** Memory is mapped and given back before, in and after a callback; each of these calls fails in turn. */
import { R } from '#emu/cpu/layout.ts';
import { callsBack } from '../c/callsback.ts';
import type { Frame } from '../frame.ts';
import { call } from '../go/call.ts';
import { hex } from '../go/show.ts';
import { type Body, type Model, sites } from '../model.ts';
import type { Expected, Scenario, Situation } from '../scenario.ts';

const LENGTH = 0x1_0000n;

/** What is mapped, in this order, and which call of the allocator does it. */
const maps = ['before', 'inside', 'reserved', 'after'] as const;
type Name = (typeof maps)[number];
/** The order in which it is given back. */
const frees: readonly Name[] = ['before', 'inside', 'reserved', 'after'];

/** Which mmap the situation makes fail, counted from 1; 0 for none. */
const failingMap = (s: Situation): number => Number(/^mmap:.*@(\d+)/.exec(s.fail[0] ?? '')?.[1] ?? 0);

/** Map one of them; the situation says whether that has to fail. */
function* map(f: Frame, s: Situation, name: Name): Body<void> {
  const { world } = f;
  const p =
    name === 'reserved'
      ? yield* call(f, name, 'runtime.sysReserveOS', 0n, LENGTH)
      : yield* call(f, name, 'runtime.sysAllocOS', LENGTH);
  const fails = maps.indexOf(name) + 1 === failingMap(s);
  world.expect(
    (p === 0n) === fails,
    'errno',
    `mapping '${name}' gave ${hex(p)}, though it ${fails ? 'failed' : 'did not fail'}`,
  );
  world.note(name, [p]);
  if (p === 0n) return;
  world.expect(f.mem.isMapped(p, LENGTH), 'mapped', `'${name}', at ${hex(p)}, is not mapped`);
  if (name !== 'reserved') f.mem.write(p, 8, p);
}

/** Give one back, if it is there. */
function* free(f: Frame, name: Name): Body<void> {
  const { world } = f;
  const [p] = world.noted(name)!;
  if (p === 0n) return;
  const kept = name === 'reserved' ? p : f.mem.read(p!, 8);
  world.expect(kept === p, 'mapped', `'${name}' holds ${hex(kept!)}, not what was written`);
  yield* call(f, `free ${name}`, 'runtime.sysFreeOS', p!, LENGTH);
  world.expect(!f.mem.isMapped(p!, 1n), 'unmapped', `'${name}', at ${hex(p!)}, is still mapped after sysFree`);
}

const freeing = frees.map((name) => `free ${name}`);

const main = (s: Situation): Model => ({
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('cgocall', ...maps, ...freeing),
  *body(f) {
    yield* map(f, s, 'before');
    f.setReg(R.ax, f.world.addressOf('callsBack'));
    f.setReg(R.bx, 0n);
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    yield* map(f, s, 'after');
    for (const name of frees.slice(1)) yield* free(f, name);
    return undefined;
  },
});

/** The exported Go function: on a goroutine whose g0 has C's frames on it, below which mmap's system stack begins. */
const callback = (s: Situation): Model => ({
  name: '_cgoexp_callback',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: sites(...maps, ...freeing),
  *body(f) {
    yield* map(f, s, 'inside');
    yield* map(f, s, 'reserved');
    yield* free(f, 'before');
    return undefined;
  },
});

const each = (rule: string, what: string, ends: Expected): readonly Situation[] => [
  { name: 'success', fail: [], ends: { kind: 'done' } },
  ...maps.map((_, i) => ({ name: `${what}, call ${i + 1}`, fail: [`${rule}@${i + 1}`], ends })),
];

export const mmapFails: Scenario = {
  name: 'mmap-fails',
  why: 'mmap fails before, in and after a callback: its errno arrives as one, and nothing else suffers',
  stubs: ['runtime.callCgoMmap', 'runtime.systemstack', 'runtime.cgocallback'],
  stacks: ['curg'],
  globals: { _cgo_mmap: 'x_cgo_mmap', _cgo_munmap: 'x_cgo_munmap' },
  situations: each('mmap:ENOMEM', 'ENOMEM', { kind: 'done' }),
  main,
  models: (s) => [callsBack({ times: 1 }), callback(s)],
};

export const munmapFails: Scenario = {
  ...mmapFails,
  name: 'munmap-fails',
  why: 'munmap fails in and after a callback: there is no going on from that, and C sees to it',
  stubs: ['runtime.callCgoMunmap', 'runtime.systemstack', 'runtime.cgocallback'],
  situations: each('munmap:EINVAL', 'EINVAL', { kind: 'signal', signal: 'SIGABRT' }),
};
