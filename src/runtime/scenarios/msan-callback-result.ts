/** R1: what a callback returns to instrumented C was written by Go, and MemorySanitizer must hear of it. */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { cgocallbackg } from '../go/go1.15/cgocallbackg.ts';
import { cgocallbackg1 } from '../go/go1.15/cgocallbackg1.ts';
import { reflectcallmove } from '../go/go1.15/reflectcallmove.ts';
import { msanCall } from '../go/msan.ts';
import { hex } from '../go/show.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import { type Model, sites } from '../model.ts';
import { Checked, known } from '../sanitizer/checked.ts';
import { msanModels, shadowOf } from '../sanitizer/msan.ts';
import type { Scenario } from '../scenario.ts';

const ANSWER = 12345n;
/** What _cgo_wait_runtime_init_done gave C, for the traceback. */
const CTXT = 0x77n;

/** func main() { if C.f() != 1 { panic } } */
const main: Model = {
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x20,
  sites: sites('cgocall'),
  *body(f) {
    f.set(RESULT, 0n);
    f.setReg(R.ax, f.world.addressOf('_cgo_Cfunc_f'));
    f.setReg(R.bx, f.slot(RESULT));
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    f.world.expect(f.get(RESULT, 4) === 1n, 'result', `f returned ${f.get(RESULT, 4)}, not 1`);
    return undefined;
  },
};
/** Where main keeps the struct that it gives to C: only f's result is in it. */
const RESULT = 0x10;

/** void _cgo_Cfunc_f(void *v) { ((struct { int r; } *)v)->r = f(); } */
const cfuncF: Model = {
  name: '_cgo_Cfunc_f',
  convention: 'C',
  frame: 0x10,
  sites: sites('f'),
  resultBits: 0,
  show: (f) => hex(f.reg(R.di)),
  *body(f) {
    const c = new Checked(f, { offset: 0, size: 8 });
    c.store(f.slot(0), 8, known(f.reg(R.di)));
    yield { site: 'f', target: 'f', convention: 'C' };
    const { bits, shadow, origin } = c.result();
    c.store(c.load(f.slot(0), 8), 4, { bits: bits & 0xffff_ffffn, shadow: shadow & 0xffff_ffffn, origin });
    return undefined;
  },
};

/** int f() { int i; int *p = GoFn(&i); if (*p != 12345) return 0; return 1; } */
const cF: Model = {
  name: 'f',
  convention: 'C',
  frame: 0x10,
  sites: sites('GoFn'),
  resultBits: 32,
  *body(f) {
    const c = new Checked(f, { offset: 8, size: 4 });
    f.setReg(R.di, f.slot(8));
    yield { site: 'GoFn', target: 'GoFn', convention: 'C' };
    const i = c.load(c.result(), 4);
    const same = c.branch(c.equals(i, ANSWER));
    c.returns(known(same ? 1n : 0n));
    return String(same);
  },
};

/** Of the struct that a call of GoFn goes over in: one parameter, one result. */
const ARGS = { p0: 0, r0: 8, size: 16 } as const;

/**
 * int *GoFn(int *p0) { struct { int *p0; int *r0; } a; a.p0 = p0; crosscall2(_cgoexp_GoFn, &a, 16, ctxt); return a.r0; }
 * `zeroed`: a is a copy of a static zero at first, as since Go 1.16.
 */
export const wrapperOfGoFn = (zeroed: boolean): Model => ({
  name: 'GoFn',
  convention: 'C',
  frame: 0x20,
  sites: sites('crosscall2'),
  resultBits: 64,
  show: (f) => hex(f.reg(R.di)),
  *body(f) {
    // The word after the struct is a local too, so that what is written too far shows.
    const c = new Checked(f, { offset: 0, size: ARGS.size + 8 });
    c.store(f.slot(ARGS.p0), 8, known(f.reg(R.di)));
    if (zeroed) c.store(f.slot(ARGS.r0), 8, known(0n));
    f.setReg(R.di, f.world.addressOf('_cgoexp_GoFn'));
    f.setReg(R.si, f.slot(0));
    f.setReg(R.dx, BigInt(ARGS.size));
    f.setReg(R.cx, CTXT);
    const { sp, pc } = view(f.mem, gobuf, f.world.curg.sched);
    f.world.note('left Go', [sp, pc]);
    yield { site: 'crosscall2', target: 'crosscall2', convention: 'C' };
    expectBack(f);
    expectWholeBlock(f);
    const r0 = c.load(f.slot(ARGS.r0), 8);
    c.returns(r0);
    return hex(r0.bits);
  },
});

/** Where the goroutine left Go is where it will go on, and C is on g0 again. */
function expectBack({ world, mem }: Frame): void {
  const { sp, pc } = view(mem, gobuf, world.curg.sched);
  const [leftSp, leftPc] = world.noted('left Go')!;
  const now = `curg.sched is {sp ${hex(sp)}, pc ${hex(pc)}}`;
  const then = `{sp ${hex(leftSp!)}, pc ${hex(leftPc!)}}`;
  world.expect(sp === leftSp && pc === leftPc, 'curg-sched', `${now} after the callback, it was ${then}`, GOFUNC);
  world.expectSystemStack(GOFUNC, false);
}

/** The hook found the struct, and told of all of it and of no byte more. */
function expectWholeBlock(f: Frame): void {
  const { world } = f;
  const unwritten = shadowOf(world).unwritten(f.slot(0), ARGS.size + 8);
  world.note('unwritten', unwritten.map(BigInt));
  const [, arg, argsize] = world.noted('cb') ?? [];
  const found = arg === f.slot(0) && argsize === BigInt(ARGS.size);
  world.expect(found, 'callback-arguments', `cgocallbackg1 found arg ${hex(arg ?? 0n)} of ${argsize} bytes`, GOFUNC);
  const beyond = unwritten.filter((i) => i >= ARGS.size).length;
  world.expect(beyond === 8, 'msan-extent', 'bytes beyond the struct count as written', 'runtime.msanwrite');
}
const GOFUNC = 'runtime.cgocallback_gofunc';

/** func _cgoexp_GoFn(a unsafe.Pointer, n int32, ctxt uintptr), written by cgo: on g0, without a stack check. */
const cgoexpGoFn: Model = {
  name: '_cgoexp_GoFn',
  convention: 'ABI0',
  frame: 0x20,
  nosplit: true,
  sites: sites('cgocallback'),
  show: (f) => `${hex(f.arg(0, 8))}, ${f.arg(8, 4)}, ${hex(f.arg(16, 8))}`,
  *body(f) {
    f.set(0, f.world.addressOf('main.GoFn'));
    f.set(8, f.arg(0, 8));
    f.set(16, f.arg(8, 4));
    f.set(24, f.arg(16, 8));
    yield { site: 'cgocallback', target: 'runtime.cgocallback', convention: 'ABI0' };
    return undefined;
  },
};

/** func GoFn(p *C.int) *C.int { *p = 12345; return p }: instrumented, as all but package runtime is. */
const goFn: Model = {
  name: 'main.GoFn',
  convention: 'ABI0',
  frame: 0x18,
  sites: sites('msanwrite'),
  show: (f) => hex(f.arg(0, 8)),
  *body(f) {
    const p = f.arg(0, 8);
    const [sp, pc] = f.world.noted('left Go')!;
    const returnTo = f.mem.read(sp! - 8n, 8);
    f.world.expect(returnTo === pc, 'return-pc', `an unwinder finds ${hex(returnTo)} below the callback`, GOFUNC);
    const [ctxt] = f.world.noted('runtime.cgocallbackg')!;
    f.world.expect(ctxt === CTXT, 'arguments', `ctxt arrived as ${hex(ctxt!)}, not ${hex(CTXT)}`, GOFUNC);
    yield* msanCall(f, 'msanwrite', p, 4n);
    f.mem.write(p, 4, ANSWER);
    f.setArg(8, 8, p);
    return hex(p);
  },
};

export const msanCallbackResult: Scenario = {
  name: 'msan-callback-result',
  why: "instrumented C uses a callback's result: the runtime copied it there, and has to say so",
  stubs: [GOFUNC, 'runtime.reflectcall', 'runtime.msanwrite'],
  stacks: ['curg'],
  globals: {},
  world: { msan: true },
  overlay: 'go1.15.s',
  situations: [{ name: 'one callback', fail: [], ends: { kind: 'done' } }],
  shows: 'msanwrite',
  main: () => main,
  models: () => [
    ...msanModels,
    cfuncF,
    cF,
    wrapperOfGoFn(false),
    cgoexpGoFn,
    goFn,
    cgocallbackg,
    cgocallbackg1,
    reflectcallmove,
  ],
};
