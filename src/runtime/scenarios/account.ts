/** What an M and its goroutine say of themselves on the way from Go to C and back: one row for each place. */
import type { Frame } from '../frame.ts';
import { cgocall } from '../go/cgocall.ts';
import { hex } from '../go/show.ts';
import { G, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';

/** The goroutine's caller of cgocall, SP at its call and SP as entersyscall keeps it: apart by cgocall's frame. */
const BELOW_CALLER = BigInt(cgocall.frame) + 16n;

/** `calls` of C are under way, `callbacks` of Go in them. One call more than callbacks: in C. */
export interface Place {
  readonly calls: number;
  readonly callbacks: number;
}

/** Before a cgocall: where its system call's frame will be, by distance from the stack's end. */
export function leavingFor(f: Frame, calls: number): void {
  f.world.note(frameOf(calls), [view(f.mem, stack, f.g.stack).hi - f.sp + BELOW_CALLER]);
}

const frameOf = (calls: number): string => `system call of C call ${calls}`;

/** Everything is as it has to be at this place. */
export function expectAccount(f: Frame, where: string, { calls, callbacks }: Place): void {
  const { world, m } = f;
  const g = world.g(m.curg);
  const inC = calls > callbacks;
  const hi = view(f.mem, stack, g.stack).hi;
  const [depth] = world.noted(frameOf(calls)) ?? [];
  // biome-ignore format: table
  const rows: readonly (readonly [what: string, is: bigint, wanted: bigint])[] = [
    ['m.ncgo',         m.ncgo,                              BigInt(calls)],
    ['m.incgo',        m.incgo,                             inC ? 1n : 0n],
    ['m.lockedInt',    m.lockedInt,                         BigInt(callbacks)],
    ['m.lockedg',      m.lockedg,                           callbacks ? g.at : 0n],
    ['g.lockedm',      g.lockedm,                           callbacks ? m.at : 0n],
    ['m has a P',      m.p === 0n ? 0n : 1n,                inC ? 0n : 1n],
    ['status',         g.atomicstatus,                      BigInt(inC ? G.syscall : G.running)],
    ['syscallsp',      g.syscallsp === 0n ? 0n : hi - g.syscallsp, inC ? depth! : 0n],
    ['throwsplit',     g.throwsplit,                        inC ? 1n : 0n],
    ['TLS',            world.currentG,                      inC ? m.g0 : g.at],
  ];
  for (const [what, is, wanted] of rows) {
    world.expect(is === wanted, 'account', `${where}: ${what} is ${hex(is)}, not ${hex(wanted)}`);
  }
}
