/**
 * Threads as C makes them, for Go (runtime/cgo/gcc_libinit.c, gcc_linux_amd64.c) and for itself.
 *
 * At the top of a thread's stack lies glibc's descriptor, at which FS points in a thread of C's own. In one of Go's, FS
 * points into the M.
 */
import { R } from '#emu/cpu/layout.ts';
import type { Thread } from '#emu/thread.ts';
import type { Frame } from '../frame.ts';
import { stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import { type Body, type Model, sites } from '../model.ts';
import type { World } from '../world.ts';
import { libc } from './libc.ts';

const SYS_exit = 60;
const SYS_futex = 202;
const FUTEX_WAKE = 1n;
/** Room for the descriptor, and where in it the kernel clears the thread's number when it ends. */
const DESCRIPTOR = 0x100n;
const TID = 0x10n;
/** Room for thread-local variables, below the descriptor. */
const LOCALS = 0x40n;
/** ThreadStart (runtime/cgo/libcgo.h): g, tls, fn. */
const START = { size: 24, g: 0n, fn: 16n } as const;

export interface Pthread {
  readonly thread: Thread;
  /** A word that is 0 once the thread has ended; whoever waits there is woken. */
  readonly tid: bigint;
  readonly stackSize: bigint;
}

interface Attributes {
  readonly name: string;
  /** What its stack is called. */
  readonly stack: string;
  /** Where FS points, when that is not the descriptor. */
  readonly fsBase?: bigint;
}

/** pthread_create(3): a thread that calls start(arg). `argument` is given its stack, where it may put what arg points at. */
export function pthreadCreate(
  world: World,
  { name, stack: stackName, fsBase }: Attributes,
  start: string,
  argument: (top: bigint) => bigint,
): Pthread {
  const { lo, size } = world.threadStack(stackName);
  const descriptor = lo + size - DESCRIPTOR;
  const tls = fsBase ?? descriptor;
  const tid = descriptor + TID;
  // Thread-local variables begin as zero, g's slot among them.
  const locals = descriptor - LOCALS;
  world.machine.mem.pokeBytes(locals, new Uint8Array(Number(LOCALS + DESCRIPTOR)));
  const arg = argument(locals);
  const sp = locals - 0x48n;
  const thread = world.machine.spawn(name, (cpu) => {
    cpu.fsBase = tls;
    cpu.setGpr(R.sp, sp);
    cpu.setGpr(R.di, world.addressOf(start));
    cpu.setGpr(R.si, arg);
    cpu.setGpr(R.dx, tid);
    cpu.rip = world.addressOf('start_thread');
  });
  world.machine.mem.poke(tid, 4, BigInt(thread.task.tid));
  return { thread, tid, stackSize: size };
}

/** pthread_join(3), from a site. */
export function* pthreadJoin(f: Frame, site: string, { tid }: Pthread): Body<void> {
  for (let n = f.mem.read(tid, 4); n !== 0n; n = f.mem.read(tid, 4)) {
    [R.di, R.si, R.dx, R.cx].forEach((r, i) => f.setReg(r, [tid, 0n, n, 0n][i]!));
    yield { site, target: 'futex', convention: 'C' };
  }
}

/** glibc's first function on a new thread: run what it was made for, and end. */
export const startThread: Model = {
  name: 'start_thread',
  convention: 'C',
  frame: 0x10,
  sites: sites('start_routine'),
  resultBits: 0,
  *body(f) {
    const start = f.reg(R.di);
    const tid = f.reg(R.dx);
    f.setReg(R.di, f.reg(R.si));
    yield { site: 'start_routine', target: start, convention: 'C' };
    // CLONE_CHILD_CLEARTID: the kernel's last word to whoever joins.
    f.mem.write(tid, 4, 0n);
    libc(f, SYS_futex, [tid, FUTEX_WAKE, 1n, 0n, 0n, 0n]);
    libc(f, SYS_exit, [0n]);
    return undefined;
  },
};

/** void x_cgo_thread_start(ThreadStart *ts). All signals are blocked around it: there are none here. */
export const xCgoThreadStart: Model = {
  name: 'x_cgo_thread_start',
  convention: 'C',
  frame: 0x10,
  sites: {},
  resultBits: 0,
  show: (f) => f.world.machine.symbols.nameOf(f.mem.read(f.reg(R.di) + START.fn, 8)) ?? '',
  *body(f) {
    const { world, mem } = f;
    const ts = mem.peekBytes(f.reg(R.di), START.size);
    const g = world.g(mem.read(f.reg(R.di) + START.g, 8));
    const mp = world.mOf(g.m);
    const name = `m${mp.id}`;
    const made = pthreadCreate(
      world,
      { name, stack: `${name} g0 stack`, fsBase: world.threadPointer(mp) },
      'threadentry',
      (top) => {
        // C keeps its own copy: the caller's is gone when the thread reads it.
        mem.pokeBytes(top, ts);
        return top;
      },
    );
    // lo stays 0: mstart0 does the rest.
    view(mem, stack, g.stack).hi = made.stackSize;
    return undefined;
  },
};

/** static void *threadentry(void *ts) */
export const threadentry: Model = {
  name: 'threadentry',
  convention: 'C',
  frame: 0x10,
  sites: sites('crosscall_amd64'),
  resultBits: 64,
  *body(f) {
    const ts = f.reg(R.di);
    f.setReg(R.di, f.mem.read(ts + START.fn, 8));
    f.setReg(R.si, f.world.addressOf('setg_gcc'));
    f.setReg(R.dx, f.mem.read(ts + START.g, 8));
    yield { site: 'crosscall_amd64', target: 'crosscall_amd64', convention: 'C' };
    f.setReg(R.ax, 0n);
    return undefined;
  },
};
