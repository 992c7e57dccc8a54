/** Cases for instructions that go elsewhere, and for those that load flags, frames and selectors. */
import type { Argument } from '#emu/isa/encode.ts';
import type { Form } from '#emu/isa/form.ts';
import type { Random } from '#runtime/junk.ts';
import { CODE, DATA, type SiliconCase } from './silicon.ts';

const pick = (r: Random, n: number): number => Number(r.next() % BigInt(n));
const oneOf = <T>(r: Random, choices: readonly T[]): T => choices[pick(r, choices.length)]!;

/** Where code may go to: among the INT3s on either side, mostly. Never into the instruction itself. */
const target = (r: Random): bigint =>
  oneOf(r, [
    CODE + 300n + BigInt(pick(r, 3000)),
    CODE - 1n - BigInt(pick(r, 3000)),
    CODE - 1n - BigInt(pick(r, 100)),
    oneOf(r, [0n, DATA, DATA + 8192n, 0x7fff_ffff_f000n, 0x8000_0000_0000n, 0xffff_8000_0000_0000n, r.next()]),
  ]);

/** A displacement to such a place, written at `at`; of the short form any byte. */
export function setDisplacement(bytes: Uint8Array, at: number, r: Random): void {
  const view = new DataView(bytes.buffer);
  const end = bytes.length;
  // Behind a prefix that is put before it the instruction is one byte longer.
  const outside = (n: number): number => (n < 0 && n >= -end - 1 ? -end - 2 : n);
  if (end - at === 1) view.setInt8(at, outside(oneOf(r, [127, -128, 0, 1, pick(r, 256) - 128])));
  else view.setInt32(at, outside(oneOf(r, [0, pick(r, 3000), -300 - pick(r, 3000), 0x7fff_ffff, -0x8000_0000])), true);
}

/** Vectors of INT n; but 80h, which is a system call. */
export const vector = (r: Random): bigint => BigInt(oneOf(r, [0, 1, 3, 3, 4, 5, 14, 0x7f, 0x81, 255]));

const SELECTORS = [0, 1, 3, 0x23, 0x2b, 0x33, 0x7b, 0x28, 0x10, 0x53, 0xffff];
const TRAP_FLAG = 0x100;

/** `c` with what this row wants in registers and on the stack. */
export function controlCase(f: Form, args: readonly Argument[], r: Random, c: SiliconCase): SiliconCase {
  const gprs = [...c.before.gprs];
  const data = c.before.data.slice();
  const view = new DataView(data.buffer);
  const stack = Number(gprs[4]! - DATA);
  const [first] = args;
  /** What the first operand holds. */
  const put = (v: bigint): void => {
    if (first?.kind === 'gpr') gprs[first.n] = v;
    else if (first?.kind === 'mem') view.setBigUint64(Number(gprs[13]! - DATA + first.disp), v, true);
  };
  let { flags, fsBase, gsBase } = c.before;
  const loaded = f.operands.find((k) => 'file' in k && k.file === 'seg');
  if (/^(CALL|JMP)$/.test(f.name) && first?.kind !== 'target') put(target(r));
  else if (f.name === 'RET') view.setBigUint64(stack, target(r), true);
  else if (/^(JCXZ|LOOP)/.test(f.name)) gprs[1] = oneOf(r, [0n, 1n, 2n, 1n << 32n, (1n << 32n) + 1n, r.next()]);
  else if (/^POPF/.test(f.name)) view.setUint16(stack, view.getUint16(stack, true) & ~TRAP_FLAG, true);
  else if (/^LEAVE/.test(f.name)) gprs[5] = DATA + BigInt(pick(r, 480));
  else if (/^RD[FG]SBASE/.test(f.name)) [fsBase, gsBase] = [r.next() >> 17n, r.next() >> 17n];
  else if (/^POP/.test(f.name) && loaded) view.setUint16(stack, oneOf(r, SELECTORS), true);
  else if (loaded && args[1]?.kind === 'gpr') gprs[args[1].n] = BigInt(oneOf(r, SELECTORS)) | (r.next() << 16n);
  else if (loaded && args[1]?.kind === 'mem') {
    view.setUint16(Number(gprs[13]! - DATA + args[1].disp), oneOf(r, SELECTORS), true);
  } else if (f.rep && pick(r, 3) === 0) flags |= 0x400n;
  else return c;
  const masked = gprs.map((v) => BigInt.asUintN(64, v));
  return { ...c, before: { ...c.before, gprs: masked, data, flags, fsBase, gsBase } };
}
