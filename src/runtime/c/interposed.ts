/** A function of libc's that C code calls by name: the first of that name is reached, and that need not be libc's. */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Body } from '../model.ts';
import { type LibcResult, libc } from './libc.ts';

/** Registers of a C function's integer arguments (psABI 3.2.3). */
const ARGUMENTS = [R.di, R.si, R.dx, R.cx, R.r8, R.r9] as const;
/** What such functions return when they have failed; the reason is in errno. MAP_FAILED is the same. */
export const FAILED = 0xffff_ffff_ffff_ffffn;

/** Call `name` from the site of that name. Without a function of that name: libc's, which is system call `number`. */
export function* called(f: Frame, name: string, number: number, args: readonly bigint[]): Body<LibcResult> {
  if (f.world.bridge.addressOf(name) === undefined) return libc(f, number, args);
  args.forEach((v, i) => f.setReg(ARGUMENTS[i]!, v));
  yield { site: name, target: name, convention: 'C' };
  const value = f.reg(R.ax);
  return value === FAILED ? { errno: Number(f.world.global('errno')), value: -1n } : { errno: 0, value };
}
