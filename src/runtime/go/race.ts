/** The race detector's hooks: on the way to C and back, and what instrumented Go calls. runtime/race.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Body, Model, Sites } from '../model.ts';
import type { World } from '../world.ts';
import { hex } from './show.ts';

/** The hooks that say something about order: what they are called in Go, and the sanitizer's function behind each. */
// biome-ignore format: table
const ordering = {
  raceacquire:      '__tsan_acquire',
  racerelease:      '__tsan_release',
  racereleasemerge: '__tsan_release_merge',
} as const;
export type Ordering = keyof typeof ordering;

/** raceacquire or racereleasemerge of racecgosync, from the site of that name: nothing in a build without -race. */
export function* raceCall(f: Frame, hook: 'raceacquire' | 'racereleasemerge'): Body<void> {
  if (f.world.race) yield* raceOrder(f, hook, hook, f.world.variable('runtime.racecgosync'));
}

/** raceacquire, racerelease or racereleasemerge of `address`, from a site: Go's compiler inlines all but the last part. */
export function* raceOrder(f: Frame, site: string, hook: Ordering, address: bigint): Body<void> {
  f.setReg(R.ax, f.g.at);
  f.setReg(R.bx, address);
  yield { site, target: `runtime.${hook}g`, convention: 'ABIInternal' };
}

/** What the compiler puts before an access of instrumented code, from the site of that name. */
export function* raceAccess(f: Frame, site: 'raceread' | 'racewrite', address: bigint): Body<void> {
  f.setReg(R.ax, address);
  yield { site, target: `runtime.${site}`, convention: 'ABIInternal' };
}

const isvalidaddr = (w: World, at: bigint): boolean =>
  (at >= w.global('runtime.racearenastart') && at < w.global('runtime.racearenaend')) ||
  (at >= w.global('runtime.racedatastart') && at < w.global('runtime.racedataend'));

/** func raceacquireg(gp *g, addr unsafe.Pointer), and its like. */
function orderingModel(hook: Ordering): Model {
  const inC = ordering[hook];
  const sites: Sites = { racecall: `racecall(&${inC}, gp.racectx, uintptr(addr), 0, 0)` };
  return {
    name: `runtime.${hook}g`,
    convention: 'ABIInternal',
    file: 'runtime/race.go',
    frame: 0x30,
    nosplit: true,
    sites,
    show: (f) => [R.ax, R.bx].map((n) => hex(f.reg(n))).join(', '),
    *body(f) {
      const { world } = f;
      const [gp, address] = [world.g(f.reg(R.ax)), f.reg(R.bx)];
      if (f.g.raceignore !== 0n || !isvalidaddr(world, address)) return 'ignored';
      yield* racecall(f, inC, gp.racectx, address, 0n);
      return undefined;
    },
  };
}

/** racecall(fn, …), from the site of that name. */
function* racecall(f: Frame, fn: string, ...args: readonly [bigint, bigint, bigint]): Body<void> {
  [f.world.addressOf(fn), ...args, 0n].forEach((v, i) => f.set(8 * i, v));
  yield { site: 'racecall', target: 'runtime.racecall', convention: 'ABI0' };
}

/** Where racegostart keeps what C has made. */
const RACECTX = 0x30;

/** func racegostart(pc uintptr) uintptr: the context of a goroutine that the one on this M begins. */
const racegostart: Model = {
  name: 'runtime.racegostart',
  convention: 'ABIInternal',
  file: 'runtime/race.go',
  frame: 0x40,
  nosplit: true,
  sites: { racecall: 'racecall(&__tsan_go_start, spawng.racectx,' },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const pc = f.reg(R.ax);
    const spawng = f.m.curg === 0n ? f.g : f.world.g(f.m.curg);
    f.set(RACECTX, 0n);
    yield* racecall(f, '__tsan_go_start', spawng.racectx, f.slot(RACECTX), pc);
    f.setReg(R.ax, f.get(RACECTX));
    return hex(f.get(RACECTX));
  },
};

/** func racegoend() */
const racegoend: Model = {
  name: 'runtime.racegoend',
  convention: 'ABIInternal',
  file: 'runtime/race.go',
  frame: 0x30,
  nosplit: true,
  sites: { racecall: 'racecall(&__tsan_go_end, getg().racectx, 0, 0, 0)' },
  *body(f) {
    yield* racecall(f, '__tsan_go_end', f.g.racectx, 0n, 0n);
    return undefined;
  },
};

export const raceModels: readonly Model[] = [
  orderingModel('raceacquire'),
  orderingModel('racerelease'),
  orderingModel('racereleasemerge'),
  racegostart,
  racegoend,
];
