/** The x87's state as a whole: control and status words, environments, resets. SDM vol. 1, 8.1, and vol. 2, FLDENV, FSAVE. */
import type { Meaning, Ops, Width } from '../ops.ts';
import { gpr, type Place } from '../place.ts';
import { begin } from './meanings.ts';
import { extended, INDEFINITE } from './operand.ts';
import { isEmpty, moveTop, settle, st, summarized, UNDERFLOW } from './settle.ts';
import { EXCEPTIONS, FSW } from './status.ts';

export const PHYSICAL = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const k = <V>(o: Ops<V>, n: number): V => o.const(BigInt(n));

/** The place so many bytes further on. */
export const further = (p: Place, bytes: number, w: Width): Place =>
  p.in === 'mem' ? { ...p, w, disp: BigInt.asUintN(64, p.disp + BigInt(bytes)) } : p;

/** The control word's bits: masks, precision, rounding, and the infinity bit, which does nothing. Bit 6 reads as one. */
const CONTROL = 0x1f7f;
export const controlWord = <V>(o: Ops<V>, v: V): V => o.or(o.and(v, k(o, CONTROL)), k(o, 0x40));

export const nothing: Meaning = (o) => begin(o);
export const wait: Meaning = (o) => o.waitX87();
/** The 8087's and 80287's FENI, FDISI and FSETPM: known, and without effect. */
export const ignored: Meaning = () => {};

export const loadControl: Meaning = (o, src: Place) => {
  o.waitX87();
  const fcw = o.let(controlWord(o, o.get(src)));
  o.setX87('fcw', fcw);
  o.setX87('fsw', summarized(o, o.x87('fsw'), fcw));
};
export const storeControl: Meaning = (o, dst: Place) => o.put(dst, o.x87('fcw'));
export const storeStatus: Meaning = (o, dst: Place) => o.put(dst, o.x87('fsw'));
export const storeStatusAx: Meaning = (o) => o.put(gpr(0, 16), o.x87('fsw'));

/** Exceptions, stack fault, ES and B. */
export const clearExceptions: Meaning = (o) =>
  o.setX87('fsw', o.and(o.x87('fsw'), k(o, FSW.C0 | FSW.C1 | FSW.C2 | FSW.C3 | FSW.TOP)));

export const initialize: Meaning = (o) => {
  o.setX87('fcw', k(o, 0x37f));
  for (const r of ['fsw', 'tags', 'fop', 'fip', 'fdp'] as const) o.setX87(r, o.const(0n));
};

const numberOf = (p: Place): number => (p.in === 'st' ? p.n : 0);

export const turnStack =
  (by: 1 | -1): Meaning =>
  (o) => {
    begin(o);
    o.setX87('fsw', moveTop(o, o.and(o.x87('fsw'), o.not(k(o, FSW.C1), 16)), by));
  };

export const free =
  (pops: 0 | 1): Meaning =>
  (o, register: Place) => {
    begin(o);
    settle(o, o.const(0n), { moves: pops });
    o.emptySt(numberOf(register));
  };

/** Both are written; an empty one counts as the indefinite. */
export const exchange: Meaning = (o, _st0: Place, other: Place) => {
  begin(o);
  const [first, second] = [o.let(isEmpty(o, 0)), o.let(isEmpty(o, numberOf(other)))];
  const status = o.select(o.or(first, second), o.const(UNDERFLOW), o.const(0n));
  settle(o, status, {
    write: () => {
      o.put(other, o.select(first, o.const(INDEFINITE), o.get(st(0))));
      o.put(st(0), o.select(second, o.const(INDEFINITE), o.get(other)));
    },
  });
};

/** C1 stays as it is, but for an empty register. */
export const moveIf =
  (condition: <V>(o: Ops<V>) => V): Meaning =>
  (o, dst: Place, src: Place) => {
    begin(o);
    const empty = o.let(o.or(isEmpty(o, 0), isEmpty(o, numberOf(src))));
    o.when(empty, () => settle(o, o.const(UNDERFLOW), { write: (v) => o.put(dst, v) }));
    o.when(o.and(o.isZero(empty), condition(o)), () => o.put(dst, o.get(src)));
  };

/** Two bits a register, by what it holds: 0 a number, 1 zero, 2 anything else, 3 nothing (SDM vol. 1, 8.1.7). */
function fullTags(tags: bigint, ...data: readonly bigint[]): bigint {
  return data.reduce((word, bits, n) => {
    const { kind } = extended(bits);
    const held = kind === 'normal' ? 0n : kind === 'zero' ? 1n : 2n;
    return word | (((tags >> BigInt(n)) & 1n ? held : 3n) << BigInt(2 * n));
  }, 0n);
}
function abridged(word: bigint): bigint {
  let tags = 0n;
  for (let n = 0n; n < 8n; n++) if (((word >> (2n * n)) & 3n) !== 3n) tags |= 1n << n;
  return tags;
}

/** An environment: seven fields of four bytes, or of two behind an operand-size prefix (SDM vol. 1, 8.1.10). */
export type EnvironmentSize = 28 | 14;
const widthOf = (size: EnvironmentSize): 32 | 16 => (size === 28 ? 32 : 16);
const fieldsOf = (p: Place, size: EnvironmentSize): Place[] =>
  PHYSICAL.slice(0, 7).map((n) => further(p, (n * size) / 7, widthOf(size)));

/** Code and data selectors are stored as zero, as by processors that no longer keep them (CPUID.7.0:EBX[13]). */
function saveEnvironment<V>(o: Ops<V>, dst: Place, size: EnvironmentSize): void {
  const w = widthOf(size);
  const reserved = size === 28 ? 0xffff_0000 : 0;
  const tags = o.pure(fullTags, o.x87('tags'), ...PHYSICAL.map((n) => o.dataX87(n)));
  const opcode = size === 28 ? o.shl(o.x87('fop'), k(o, 16), 32) : k(o, 0);
  const words = [o.x87('fcw'), o.x87('fsw'), tags].map((v) => o.or(v, k(o, reserved)));
  const values = [...words, o.narrow(o.x87('fip'), w), opcode, o.narrow(o.x87('fdp'), w), k(o, reserved)];
  fieldsOf(dst, size).forEach((field, n) => o.put(field, values[n]!));
}

/** Gives the status word it loads. */
function loadedEnvironment<V>(o: Ops<V>, src: Place, size: EnvironmentSize): V {
  const [control, status, tags, ip, opcode, dp] = fieldsOf(src, size).map((p) => o.get(p));
  const fcw = o.let(controlWord(o, o.narrow(control!, 16)));
  const fsw = o.let(summarized(o, o.narrow(status!, 16), fcw));
  o.setX87('fcw', fcw);
  o.setX87('fsw', fsw);
  o.setX87('tags', o.pure(abridged, o.narrow(tags!, 16)));
  o.setX87('fip', ip!);
  o.setX87('fdp', dp!);
  o.setX87('fop', size === 28 ? o.and(o.shr(opcode!, k(o, 16), 32), k(o, 0x7ff)) : k(o, 0));
  return fsw;
}

/** Masks every exception afterwards. */
export const storeEnvironment =
  (size: EnvironmentSize): Meaning =>
  (o, dst: Place) => {
    saveEnvironment(o, dst, size);
    const fcw = o.let(o.or(o.x87('fcw'), k(o, EXCEPTIONS)));
    o.setX87('fcw', fcw);
    o.setX87('fsw', summarized(o, o.x87('fsw'), fcw));
  };
export const loadEnvironment =
  (size: EnvironmentSize): Meaning =>
  (o, src: Place) => {
    o.waitX87();
    loadedEnvironment(o, src, size);
  };

/** The environment, then ST(0) to ST(7), ten bytes each; and FNINIT. */
export const save =
  (size: EnvironmentSize): Meaning =>
  (o, dst: Place) => {
    saveEnvironment(o, dst, size);
    for (const n of PHYSICAL) o.put(further(dst, size + 10 * n, 80), o.get(st(n)));
    initialize(o);
  };
export const restore =
  (size: EnvironmentSize): Meaning =>
  (o, src: Place) => {
    o.waitX87();
    loadData(o, loadedEnvironment(o, src, size), further(src, size, 80), 10);
  };

/** Registers from memory that has them in the order of the stack, `step` bytes apart. */
export function loadData<V>(o: Ops<V>, fsw: V, src: Place, step: number): void {
  const top = o.let(o.shr(o.and(fsw, k(o, FSW.TOP)), k(o, 11), 16));
  const base = o.let(o.linear(src));
  for (const n of PHYSICAL) {
    const slot = o.and(o.sub(k(o, n), top, 16), k(o, 7));
    const offset = o.multiply(slot, k(o, step), 16, false).low;
    o.setDataX87(n, o.load(o.add(base, offset, 64), 80));
  }
}
