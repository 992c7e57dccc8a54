/** A goroutine's trace as Go prints it when a program dies. runtime/traceback.go, runtime/panic.go */

import { R } from '#emu/cpu/layout.ts';
import { baseName, hex } from '#emu/trace/text.ts';
import { G, SCAN } from '../layout/go1.19.ts';
import type { GView, World } from '../world.ts';
import { declared } from './declared.ts';
import { type Func, siteOf } from './function.ts';
import { getStackMap } from './maps.ts';
import { gentraceback, type StackFrame, type Start, savedPosition } from './unwind.ts';

/** _TracebackMaxFrames (runtime/traceback.go). */
const MOST = 100;

/** Why a goroutine waits: waitReasonStrings (runtime2.go). */
// biome-ignore format: table
const waitReasons = [
  '', 'GC assist marking', 'IO wait', 'chan receive (nil chan)', 'chan send (nil chan)', 'dumping heap',
  'garbage collection', 'garbage collection scan', 'panicwait', 'select', 'select (no cases)', 'GC assist wait',
  'GC sweep wait', 'GC scavenge wait', 'chan receive', 'chan send', 'finalizer wait', 'force gc (idle)', 'semacquire',
  'sleep', 'sync.Cond.Wait', 'timer goroutine (idle)', 'trace reader (blocked)', 'wait for GC cycle',
  'GC worker (idle)', 'preempted', 'debug call',
] as const;

/** A waitReason by its text. */
export const waitReason = (text: (typeof waitReasons)[number]): bigint => BigInt(waitReasons.indexOf(text));

const statusOf = (status: bigint): string => Object.entries(G).find(([, v]) => BigInt(v) === status)?.[0] ?? '???';

/** func goroutineheader(gp *g) */
export function goroutineheader({ atomicstatus, goid, waitreason, lockedm }: GView): string {
  const status = atomicstatus & ~SCAN;
  const why = status === BigInt(G.waiting) ? waitReasons[Number(waitreason)] : '';
  const scan = atomicstatus & SCAN ? ' (scan)' : '';
  const locked = lockedm === 0n ? '' : ', locked to thread';
  return `goroutine ${goid} [${why || statusOf(status)}${scan}${locked}]:\n`;
}

/**
 * func traceback(pc, sp, lr uintptr, gp *g). In a system call it begins where that was made. When the runtime has given up,
 * all frames are shown, with their addresses; after a panic, only those of the program.
 */
export function traceback(
  w: World,
  gp: GView,
  start: Start = savedPosition(w, gp),
  show: 'all' | 'program' = 'all',
): void {
  const inSyscall = (gp.atomicstatus & ~SCAN) === BigInt(G.syscall);
  const from = inSyscall ? { pc: gp.syscallpc, sp: gp.syscallsp } : start;
  let n = 0;
  for (const frame of gentraceback(w, gp, 'printing', from)) {
    if (show === 'program' && !showframe(frame, n)) continue;
    const addresses = ` fp=${hex(frame.fp)} sp=${hex(frame.sp)} pc=${hex(frame.pc)}`;
    w.print(`${describe(w, frame, n)}${show === 'all' ? addresses : ''}\n`);
    if (++n < MOST) continue;
    w.print('...additional frames elided...\n');
    return;
  }
}

/** func showframe: what has no package is made by tools; of the runtime's own, what it exports, and panics in the middle. */
function showframe({ fn: { name } }: StackFrame, n: number): boolean {
  if (name === 'runtime.gopanic' && n > 0) return true;
  return name.includes('.') && (!name.startsWith('runtime.') || /^runtime\.[A-Z]/.test(name));
}

function describe(w: World, frame: StackFrame, n: number): string {
  const { fn, pc } = frame;
  const name = fn.name === 'runtime.gopanic' ? 'panic' : fn.name;
  // A return address belongs to the CALL before it.
  const line = w.machine.symbols.lineOf(n > 0 && pc > fn.entry ? pc - 1n : pc);
  const where = fn.model
    ? `${fn.model.file ?? '?'}:${siteOf(w, fn, pc) ?? 0}`
    : `${line ? baseName(line.file) : '?'}:${fn.id === 'wrapper' ? 1 : (line?.line ?? 0)}`;
  const offset = pc > fn.entry ? ` +${hex(pc - fn.entry)}` : '';
  // What panic is called with is one value of two words.
  const shown = fn.name === 'runtime.gopanic' ? `{${args(w, frame)}}` : args(w, frame);
  return `${name}(${shown})\n\t${where}${offset}`;
}

/** func printArgs: words where the callee keeps its arguments, with a question mark where nothing keeps them any longer. */
function args(w: World, frame: StackFrame): string {
  const { fn, argp } = frame;
  const kinds = fn.model ? (fn.model.spills ?? '') : fn.id === 'wrapper' ? wrapped(w, fn) : (declared[fn.name] ?? '');
  const live = fn.model ? getStackMap(w, frame).args.pointers : undefined;
  const words = [...kinds].map((kind, i) => {
    const slot = argp + BigInt(8 * i);
    const kept = !live || (kind === 'p' ? live.includes(slot) : live.length > 0);
    return `${hex(w.machine.mem.peek(slot, 8))}${kept ? '' : '?'}`;
  });
  return words.join(', ');
}

/** A wrapper has the arguments of what it wraps. */
const wrapped = (w: World, { name }: Func): string => 'w'.repeat(w.bridge.model(name)?.abi0 ?? 0);

/** func dopanic_m: the trace of whoever gave up, then of all other goroutines. */
export function printTraces(w: World): void {
  const me = w.g(w.currentG);
  // A thread of C's has no goroutine, and nothing to show.
  if (me.at === 0n) return;
  const m = w.mOf(me.m);
  const { cpu } = w.machine;
  w.print(me.at === m.g0 ? '\nruntime stack:\n' : `\n${goroutineheader(me)}`);
  traceback(w, me, w.bridge.running ?? { pc: cpu.rip, sp: cpu.gpr(R.sp) });
  const others = [...(m.curg === 0n ? [] : [m.curg]), ...w.allgs.filter((at) => at !== m.curg)];
  for (const at of others) if (at !== me.at) printOther(w, w.g(at), me.m);
}

function printOther(w: World, gp: GView, own: bigint): void {
  const status = Number(gp.atomicstatus & ~SCAN);
  if (status === G.dead || status === G.idle) return;
  w.print(`\n${goroutineheader(gp)}`);
  if (status === G.running && gp.m !== own) w.print('\tgoroutine running on other thread; stack unavailable\n');
  else traceback(w, gp);
}
