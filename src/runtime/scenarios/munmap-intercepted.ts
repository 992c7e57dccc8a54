/** R4: somebody watches mmap and munmap, and Go frees what it took: the watcher must hear of both. */
import { R } from '#emu/cpu/layout.ts';
import { libc } from '../c/libc.ts';
import { hex } from '../go/show.ts';
import { type Model, sites } from '../model.ts';
import { interposer, interposerGlobals, interposerOf } from '../sanitizer/interpose.ts';
import type { Scenario } from '../scenario.ts';
import { stackNames } from '../world.ts';

const LENGTH = 0x2_1000n;
const SYS_mmap = 9;
const PROT_READ = 1n;
const MAP_ANON_PRIVATE = 0x22n;
/** Where main keeps the address, and what asmcgocall takes and leaves: fn, arg, its 32-bit result. */
const P = 0x20;
const OUT = { fn: 0, arg: 8, ret: 0x10 } as const;

/** The runtime takes memory and gives it back; then something else in the process maps some. */
const main: Model = {
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x30,
  sites: sites('sysAlloc', 'sysFree', 'dlopen'),
  *body(f) {
    const { world } = f;
    const ledger = interposerOf(world);
    f.setReg(R.ax, LENGTH);
    yield { site: 'sysAlloc', target: 'runtime.sysAllocOS', convention: 'ABIInternal' };
    f.set(P, f.reg(R.ax));
    f.mem.write(f.reg(R.ax), 8, 0x600d_600dn);
    const record = ledger.find(f.reg(R.ax));
    const whole = record !== undefined && record.end - record.start === LENGTH;
    world.expect(
      whole,
      'interposer',
      `what mmap returned, ${hex(f.reg(R.ax))}, is not on record`,
      'runtime.callCgoMmap',
    );
    f.setReg(R.bx, LENGTH);
    yield { site: 'sysFree', target: 'runtime.sysFreeOS', convention: 'ABIInternal' };
    f.set(OUT.fn, world.addressOf('dlopen'));
    f.set(OUT.arg, f.get(P));
    yield { site: 'dlopen', target: 'runtime.asmcgocall', convention: 'ABI0' };
    const { mmap, munmap } = ledger.saw;
    world.note('saw', [BigInt(mmap), BigInt(munmap)]);
    world.expect(mmap === munmap, 'interposer', `saw ${mmap} mmap and ${munmap} munmap of memory that is all freed`);
    return undefined;
  },
};

/**
 * A library is loaded: ld.so maps with system calls of its own, which nobody intercepts, and Linux puts the mapping where
 * the last one was. Then instrumented code in it asks the interposer about its own memory.
 */
const dlopen: Model = {
  name: 'dlopen',
  convention: 'C',
  frame: 0x10,
  sites: {},
  resultBits: 32,
  show: (f) => hex(f.reg(R.di)),
  // biome-ignore lint/correctness/useYield: the system call is made here and now
  *body(f) {
    const freed = f.reg(R.di);
    const { value } = libc(f, SYS_mmap, [0n, LENGTH, PROT_READ, MAP_ANON_PRIVATE, -1n, 0n]);
    f.world.expect(
      value === freed,
      'reuse',
      `the new mapping is at ${hex(value)}, not where the old one was, ${hex(freed)}`,
    );
    const wrong = interposerOf(f.world).audit(value);
    f.world.expect(wrong === undefined, 'interposer', wrong ?? '');
    f.setReg(R.ax, 0n);
    return hex(value);
  },
};

export const munmapIntercepted: Scenario = {
  name: 'munmap-intercepted',
  why: 'mmap and munmap are both intercepted in C: what Go frees is no longer on record when Linux hands it out again',
  stubs: ['runtime.callCgoMmap', 'runtime.callCgoMunmap', 'runtime.sysMunmap'],
  stacks: stackNames,
  globals: { _cgo_mmap: 'x_cgo_mmap', _cgo_munmap: 'x_cgo_munmap', ...interposerGlobals },
  situations: [{ name: 'allocate, free, load a library', fail: [], ends: { kind: 'done' } }],
  shows: 'munmap-intercept',
  main: () => main,
  models: () => [...interposer, dlopen],
};
