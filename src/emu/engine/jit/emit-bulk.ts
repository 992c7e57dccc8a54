/**
 * REP MOVS and REP STOS inside translated code: all turns at once where both ends stay on one page each, upwards, and the
 * destination does not run into what is still to be read.
 */
import { AT, FLAG_NAMES, R } from '../../cpu/layout.ts';
import type { EmitInsn } from './emit-insn.ts';

/** Registers it reads or writes. */
export const BULK_REGISTERS: readonly number[] = [R.ax, R.cx, R.si, R.di];

/** The longest one that is done here, in turns. */
const MOST = 4096n;

export function emitBulk(e: EmitInsn, { what, size }: { readonly what: 'move' | 'fill'; readonly size: number }): void {
  const { code } = e;
  const [ax, cx, si, di] = BULK_REGISTERS.map((n) => e.gpr(n)) as [number, number, number, number];
  const bytes = code.local('i64');
  const [to, from] = [code.local('i32'), code.local('i32')];
  const toLast = (): void => {
    code.get(bytes);
    code.op('i64.add');
    code.i64(1n);
    code.op('i64.sub');
  };
  code.get(cx);
  code.i64(0n);
  code.op('i64.ne');
  code.if();
  code.get(cx);
  code.i64(MOST);
  code.op('i64.gt_u');
  code.i32(0);
  code.access('i32.load8_u', AT.flags + FLAG_NAMES.indexOf('DF'));
  code.op('i32.or');
  // Of wider elements only zeros are one byte repeated.
  if (what === 'fill' && size > 1) {
    code.get(ax);
    if (size < 8) {
      code.i64((1n << BigInt(8 * size)) - 1n);
      code.op('i64.and');
    }
    code.op('i64.eqz');
    code.op('i32.eqz');
    code.op('i32.or');
  }
  e.leaveIf();
  code.get(cx);
  code.i64(BigInt(Math.log2(size)));
  code.op('i64.shl');
  code.set(bytes);
  e.setAddress(R.di);
  e.translate(true, toLast);
  code.set(to);
  if (what === 'move') {
    e.setAddress(R.si);
    e.translate(false, toLast);
    code.set(from);
    // Each byte is read after those before it are written.
    code.get(to);
    code.get(from);
    code.op('i32.sub');
    code.get(bytes);
    code.op('i32.wrap_i64');
    code.op('i32.lt_u');
    e.leaveIf();
  }
  code.get(to);
  if (what === 'move') code.get(from);
  else {
    code.get(ax);
    code.op('i32.wrap_i64');
  }
  code.get(bytes);
  code.op('i32.wrap_i64');
  if (what === 'move') code.memoryCopy();
  else code.memoryFill();
  for (const pointer of what === 'move' ? [si, di] : [di]) {
    code.get(pointer);
    code.get(bytes);
    code.op('i64.add');
    code.set(pointer);
  }
  code.i64(0n);
  code.set(cx);
  code.op('end');
}
