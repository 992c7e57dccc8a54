/** Calls from a model's site, with the arguments where the callee's ABI wants them. */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Body } from '../model.ts';
import { ARGUMENTS } from '../prologue.ts';

/** Call a function of Go's, its arguments in registers; its first result. */
export function* call(f: Frame, site: string, target: bigint | string, ...args: readonly bigint[]): Body<bigint> {
  args.forEach((v, i) => f.setReg(ARGUMENTS[i]!, v));
  yield { site, target, convention: 'ABIInternal' };
  return f.reg(R.ax);
}

/** The same, for a function whose result is a bool: it has 8 bits, the rest of AX is anything. */
export function* ask(f: Frame, site: string, target: bigint | string, ...args: readonly bigint[]): Body<boolean> {
  return ((yield* call(f, site, target, ...args)) & 0xffn) !== 0n;
}

/** A bool as a result. */
export function answer(f: Frame, ok: boolean): string {
  f.setReg(R.ax, ok ? 1n : 0n);
  return String(ok);
}

/** usleep(usec), from a site. */
export function* usleep(f: Frame, site: string, usec: bigint): Body<void> {
  f.set(0, usec, 4);
  yield { site, target: 'runtime.usleep', convention: 'ABI0' };
}

/** nanotime(), from a site. */
export function* nanotime(f: Frame, site: string): Body<bigint> {
  yield { site, target: 'runtime.nanotime1', convention: 'ABI0' };
  return f.get(0);
}
