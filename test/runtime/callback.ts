/** Go calls C, C calls Go, through everything real: cgocall, asmcgocall, crosscall2, cgocallback, cgocallbackg. */
import { assemble } from '#asm/assemble.ts';
import { R } from '#emu/cpu/layout.ts';
import { goOn } from '#emu/sched/go-on.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import type { Ending } from '#emu/trace/event.ts';
import type { FixName } from '#runtime/fixes.ts';
import type { Frame } from '#runtime/frame.ts';
import { type Body, type Model, sites } from '#runtime/model.ts';
import { models } from '#runtime/models.ts';
import { type Library, stubs } from '#runtime/stubs.ts';
import { World } from '#runtime/world.ts';
import { own } from './fixture.ts';

/** What happens at each place; nothing where left out. */
export interface Places {
  /** In the goroutine's first function, before and after C. */
  readonly before?: (f: Frame) => Body<void> | undefined;
  readonly after?: (f: Frame) => void;
  /** In C, before and after the callback. */
  readonly inC?: (f: Frame) => void;
  readonly backInC?: (f: Frame) => void;
  /** In the Go function that C calls. */
  readonly inGo?: (f: Frame) => Body<void> | undefined;
}

/** Where main.main keeps x, a pointer to it, and the same address as a plain number. */
export const X = 0x18;
export const POINTER = 0x10;
export const NUMBER = 0x8;

/** What happens at a place may take steps of its own. */
function* steps(body: Body<void> | undefined): Body<void> {
  if (body) yield* body;
}

const ABI_INTERNAL = { convention: 'ABIInternal' } as const;

/** func main(): x := 1; C.f(&x). As deep as in a program whose goroutine begins with it. */
const main = ({ before, after }: Places): Model => ({
  ...ABI_INTERNAL,
  name: 'main.main',
  frame: 0x20,
  sites: sites('before', 'f'),
  live: { '*': { locals: [POINTER] } },
  *body(f) {
    f.set(X, 1n);
    f.set(POINTER, f.slot(X));
    f.set(NUMBER, f.slot(X));
    yield* steps(before?.(f));
    f.set(0, f.slot(X));
    yield { site: 'f', target: 'main._Cfunc_f', convention: 'ABI0' };
    after?.(f);
    return undefined;
  },
});

/** What cgo makes of C.f: cgocall of the C function, with the address of its own arguments. */
const cfunc: Model = {
  convention: 'ABI0',
  name: 'main._Cfunc_f',
  frame: 0x18,
  sites: sites('cgocall'),
  live: { '*': { args: [0] } },
  *body(f) {
    f.setReg(R.ax, f.world.addressOf('f'));
    f.setReg(R.bx, f.entry + 8n);
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    return undefined;
  },
};

/** void f(void *args): C that calls an exported Go function. */
const inC = (places: Places): Model => ({
  convention: 'C',
  name: 'f',
  frame: 0x40,
  sites: sites('crosscall2'),
  resultBits: 32,
  *body(f) {
    places.inC?.(f);
    f.setReg(R.di, f.world.addressOf('_cgoexp_GoF'));
    f.setReg(R.si, f.slot(8));
    f.setReg(R.dx, 8n);
    f.setReg(R.cx, 0n);
    yield { site: 'crosscall2', target: 'crosscall2', convention: 'C' };
    places.backInC?.(f);
    f.setReg(R.ax, 0n);
    return '0';
  },
});

const goF = (places: Places): Model => ({
  ...ABI_INTERNAL,
  name: '_cgoexp_GoF',
  frame: 0x28,
  sites: sites('here', 'call'),
  *body(f) {
    yield* steps(places.inGo?.(f));
    return undefined;
  },
});

/** func grow(n int): n frames of more than a KiB each. */
const grow: Model = {
  ...ABI_INTERNAL,
  name: 'main.grow',
  frame: 0x408,
  spills: 'w',
  sites: sites('grow'),
  *body(f) {
    const n = f.reg(R.ax);
    if (n === 0n) return undefined;
    f.setReg(R.ax, n - 1n);
    yield { site: 'grow', target: 'main.grow', convention: 'ABIInternal' };
    return undefined;
  },
};

/** From site `call` of the caller: so many frames deep, and back. */
export function* growStack(f: Frame, depth: number): Body<void> {
  f.setReg(R.ax, BigInt(depth));
  yield { site: 'call', target: 'main.grow', convention: 'ABIInternal' };
}

export interface Told {
  readonly world: World;
  readonly main: Model;
  /** What it printed so far. */
  readonly output: () => string;
}

export interface Setting {
  readonly library?: Library;
  readonly without?: readonly FixName[];
  /** Go assembly beside the library's. */
  readonly assembly?: string;
  readonly more?: readonly Model[];
  /** GOMAXPROCS. */
  readonly procs?: number;
}

export function callback(
  places: Places,
  { library = own, without = [], assembly = '', more = [], procs = 1 }: Setting = {},
): Told {
  const path = 'user.s';
  const user = assemble(path, { read: (p) => (p === path ? assembly : own.sources.read(p)) }, own.options);
  if (user.diagnostics.length) throw new Error(user.diagnostics.map((d) => d.message).join('\n'));
  const linked = stubs(library, [user]);
  const first = main(places);
  const mine = [first, cfunc, inC(places), goF(places), grow, ...more];
  const world = new World({
    seed: 0n,
    models: [...mine, ...models.filter((m) => !mine.some(({ name }) => name === m.name))],
    globals: { _cgo_mmap: 0n, _cgo_munmap: 0n, _cgo_sigaction: 0n },
    link: linked.link,
    library: linked.library,
    lenient: linked.lenient,
    without: new Set(without),
    procs,
  });
  let output = '';
  world.machine.observe((e) => {
    if (e.kind === 'output') output += new TextDecoder().decode(e.bytes);
  });
  return { world, main: first, output: () => output };
}

/** The thread there is goes on; `look` is called before each of its steps: an instruction, or a segment of a model. */
export const watched = (look: () => void): Scheduler => ({
  next(turn) {
    look();
    return goOn.next(turn);
  },
});

export const runOf = ({ world, main: first }: Told): Ending => world.run(first, 'curg', 0, 100_000);
