/**
 * ThreadSanitizer as the runtime sees it, version 2: what Go's race builds called until 1.18.
 *
 * Synchronisation takes memory from the P's Processor, and asks Go for it each time. Plain accesses and function entries
 * do without: they go by the goroutine's own state. (Version 3, since 1.19, acquires without a Processor too.)
 */
import { R } from '#emu/cpu/layout.ts';
import { hex } from '../go/show.ts';
import { view } from '../layout/view.ts';
import { type Model, sites } from '../model.ts';
import type { World } from '../world.ts';
import { acquire, enter, exit, read, release, releaseMerge, write } from './happens-before.ts';
import { expectHookStack } from './hook-stack.ts';
import { withProcessor } from './processor.ts';
import { newThreadState, type ThreadState, threadState, tick } from './tsan-memory.ts';

/** The frame: where the thunk stores the Processor. */
const PROC = 0;

/** void __tsan_acquire(ThreadState *thr, void *addr), and its like: what takes memory from the Processor. */
const withProc = (name: string, does: (w: World, thr: ThreadState, address: bigint) => void): Model => ({
  name,
  convention: 'C',
  frame: 0x10,
  sites: sites('getProc', 'take', 'give'),
  resultBits: 0,
  show: (f) => [R.di, R.si].map((n) => hex(f.reg(n))).join(', '),
  *body(f) {
    expectHookStack(f, 'racecall');
    const [thr, address] = [view(f.mem, threadState, f.reg(R.di)), f.reg(R.si)];
    yield* withProcessor(f, PROC, () => does(f.world, thr, address));
    return undefined;
  },
});

/** void __tsan_read(ThreadState *thr, void *addr, void *pc), and its like; void __tsan_func_enter(ThreadState *thr, void *pc). */
const access = (name: string, does: (w: World, thr: ThreadState, address: bigint, pc: bigint) => void): Model => ({
  name,
  convention: 'C',
  frame: 0x10,
  sites: {},
  resultBits: 0,
  show: (f) => [R.di, R.si, R.dx].map((n) => hex(f.reg(n))).join(', '),
  // biome-ignore lint/correctness/useYield: it calls nobody
  *body(f) {
    expectHookStack(f, 'racecall');
    // The return address of a call of the hook: the access is that of the call.
    does(f.world, view(f.mem, threadState, f.reg(R.di)), f.reg(R.si), f.reg(R.dx) - 1n);
    return undefined;
  },
});

// biome-ignore format: table
export const tsanModels: readonly Model[] = [
  withProc('__tsan_acquire',        acquire),
  withProc('__tsan_release',        release),
  withProc('__tsan_release_merge',  releaseMerge),
  withProc('__tsan_go_start',       (w, thr, created) => w.machine.mem.write(created, 8, newThreadState(w, thr).at)),
  withProc('__tsan_go_end',         tick),
  access('__tsan_read',             read),
  access('__tsan_write',            write),
  access('__tsan_func_enter',       enter),
  access('__tsan_func_exit',        exit),
];
