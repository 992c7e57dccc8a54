/** The shapes that x87 instructions come in. All but the control ones wait for pending exceptions and are noted. */
import type { Meaning, Ops, StatusFlag } from '../ops.ts';
import type { Place } from '../place.ts';
import { type Binary, type Remainder, type Unary, withoutRemainder } from './arithmetic.ts';
import { INDEFINITE } from './operand.ts';
import { BEFORE_STORE, isEmpty, OVERFLOW, PUSHED, settle, st, statusOf, UNDERFLOW } from './settle.ts';
import { answer, CODES, FSW } from './status.ts';

const ST0 = st(0);
const ORDER = FSW.C0 | FSW.C2 | FSW.C3;

export function begin<V>(o: Ops<V>, operand?: Place): void {
  o.waitX87();
  o.noteX87(operand);
}

/** 1 when the operand is a register that holds nothing. */
const missing = <V>(o: Ops<V>, p: Place): V => (p.in === 'st' ? isEmpty(o, p.n) : o.const(0n));
/** An answer, or the stack fault that comes before it. */
const unless = <V>(o: Ops<V>, fault: V, is: bigint, a: V): V => o.select(fault, o.const(is), a);

/** A push. Denormals are noted, and loaded even when that is unmasked. */
function pushed<V>(o: Ops<V>, src: Place | undefined, value: V): void {
  const a = unless(o, o.isZero(isEmpty(o, PUSHED.n)), OVERFLOW, value);
  settle(o, src ? unless(o, missing(o, src), UNDERFLOW, a) : a, {
    moves: -1,
    withheldBy: FSW.IE,
    write: (v) => o.put(PUSHED, v),
  });
}
export const load =
  (f: Unary): Meaning =>
  (o, _st0: Place, src: Place) => {
    begin(o, src);
    pushed(o, src, o.pure(f, o.x87('fcw'), o.get(src)));
  };
/** A register or m80fp: the bits as they are, whatever they mean. */
export const loadBits: Meaning = (o, _st0: Place, src: Place) => {
  begin(o, src);
  pushed(o, src, o.get(src));
};
export const loadConstant =
  (f: (fcw: bigint) => bigint): Meaning =>
  (o) => {
    begin(o);
    pushed(o, undefined, o.pure(f, o.x87('fcw')));
  };

/** Memory that cannot be written faults also where an unmasked exception withholds the store. */
function checkMemory<V>(o: Ops<V>, dst: Place): void {
  if (dst.in === 'mem') o.checkStore(o.linear(dst), dst.w);
}

/** ST(0) to memory, in another format. An empty register stores as the indefinite. */
export const store =
  (f: Unary, pops: 0 | 1): Meaning =>
  (o, dst: Place) => {
    begin(o, dst);
    checkMemory(o, dst);
    const empty = o.let(isEmpty(o, 0));
    const stored = o.pure(f, o.x87('fcw'), unless(o, empty, INDEFINITE, o.get(ST0)));
    const fault = o.select(empty, o.const(answer(0n, FSW.IE | FSW.SF)), o.const(0n));
    settle(o, o.or(stored, fault), {
      moves: pops,
      withheldBy: BEFORE_STORE,
      write: (v) => o.put(dst, o.narrow(v, dst.w)),
    });
  };
/** ST(0) to another register, or to m80fp: the bits as they are. */
export const storeBits =
  (pops: 0 | 1): Meaning =>
  (o, dst: Place) => {
    begin(o, dst);
    checkMemory(o, dst);
    settle(o, unless(o, isEmpty(o, 0), UNDERFLOW, o.get(ST0)), { moves: pops, write: (v) => o.put(dst, v) });
  };

/** FSTPNCE, "no check of exceptions": an empty register is popped and not stored. */
export const storeUnlessEmpty: Meaning = (o, dst: Place) => {
  begin(o);
  const there = o.isZero(isEmpty(o, 0));
  settle(o, o.const(0n), { moves: 1, write: () => o.when(there, () => o.put(dst, o.get(ST0))) });
};

/** dst ← f(dst, src). */
export const arithmetic =
  (f: Binary, pops: 0 | 1 = 0): Meaning =>
  (o, dst: Place, src: Place) => {
    begin(o, src);
    const a = o.pure(f, o.x87('fcw'), o.get(dst), o.get(src));
    const empty = o.or(missing(o, dst), missing(o, src));
    settle(o, unless(o, empty, UNDERFLOW, a), { moves: pops, write: (v) => o.put(dst, v) });
  };

/** ST(0) ← f(ST(0)). `codes`: condition codes it defines. */
export const unary =
  (f: Unary, codes: number = FSW.C1): Meaning =>
  (o) => {
    begin(o);
    const a = unless(o, isEmpty(o, 0), UNDERFLOW, o.pure(f, o.x87('fcw'), o.get(ST0)));
    settle(o, a, { codes, write: (v) => o.put(ST0, v) });
  };

/** ST(0) ← f(ST(0), ST(1)). */
export const binary =
  (f: Binary): Meaning =>
  (o) => {
    begin(o);
    const a = o.pure(f, o.x87('fcw'), o.get(ST0), o.get(st(1)));
    const empty = o.or(isEmpty(o, 0), isEmpty(o, 1));
    settle(o, unless(o, empty, UNDERFLOW, a), { write: (v) => o.put(ST0, v) });
  };
/** The same, with bits of the quotient in the condition codes. */
export const remainder =
  (f: Remainder): Meaning =>
  (o) => {
    begin(o);
    const fsw = o.let(o.x87('fsw'));
    const a = o.pure(f, o.x87('fcw'), o.get(ST0), o.get(st(1)), fsw);
    const empty = o.or(isEmpty(o, 0), isEmpty(o, 1));
    settle(o, o.select(empty, o.pure(withoutRemainder, fsw), a), { codes: CODES, write: (v) => o.put(ST0, v) });
  };
/** ST(1) ← f(ST(0), ST(1)), and pop. */
export const binaryPop =
  (f: Binary): Meaning =>
  (o) => {
    begin(o);
    const a = o.pure(f, o.x87('fcw'), o.get(ST0), o.get(st(1)));
    const empty = o.or(isEmpty(o, 0), isEmpty(o, 1));
    settle(o, unless(o, empty, UNDERFLOW, a), { moves: 1, write: (v) => o.put(st(1), v) });
  };

/** ST(0) ← f(ST(0)), then push g of it. C2 says that ST(0) was out of range: nothing is written. */
export const two =
  (f: Unary, g: Unary, codes: number = FSW.C1): Meaning =>
  <V>(o: Ops<V>) => {
    begin(o);
    const [fcw, x] = [o.let(o.x87('fcw')), o.let(o.get(ST0))];
    const empty = o.let(isEmpty(o, 0));
    const full = o.let(o.isZero(isEmpty(o, PUSHED.n)));
    const checked = (a: V): V => o.let(unless(o, empty, UNDERFLOW, unless(o, full, OVERFLOW, a)));
    const [first, second] = [checked(o.pure(f, fcw, x)), checked(o.pure(g, fcw, x))];
    const far = o.let(o.and(statusOf(o, first), o.const(BigInt(FSW.C2))));
    o.when(far, () => settle(o, first, { codes }));
    o.when(o.isZero(far), () =>
      settle(o, first, {
        codes,
        moves: -1,
        write: (v) => {
          o.put(ST0, v);
          o.put(PUSHED, o.narrow(second, 80));
        },
      }),
    );
  };

/** How ST(0) stands to the operand, in C3 C2 C0. */
const UNORDERED = answer(0n, ORDER | FSW.IE | FSW.SF);
function compared<V>(o: Ops<V>, f: Binary, src: Place): V {
  begin(o, src);
  const empty = o.or(isEmpty(o, 0), missing(o, src));
  return o.let(unless(o, empty, UNORDERED, o.pure(f, o.x87('fcw'), o.get(ST0), o.get(src))));
}
export const compare =
  (f: Binary, pops: 0 | 1 | 2): Meaning =>
  (o, _st0: Place, src: Place) =>
    settle(o, compared(o, f, src), { codes: CODES, moves: pops });
/** Operands the other way round: Go writes FUCOM F0, F2. */
export const turned =
  (m: Meaning): Meaning =>
  (o, a: Place, b: Place) =>
    m(o, b, a);

const inFlags: readonly (readonly [StatusFlag, bigint])[] = [
  ['CF', 8n],
  ['PF', 10n],
  ['ZF', 14n],
];
/** The same in ZF PF CF, the other flags cleared, unless it is invalid and that is not masked (SDM vol. 2, FCOMI). */
export const compareFlags =
  (f: Binary, pops: 0 | 1): Meaning =>
  (o, _st0: Place, src: Place) => {
    const a = compared(o, f, src);
    const status = o.let(statusOf(o, a));
    settle(o, o.and(a, o.const(~answer(0n, ORDER) & M96)), {
      moves: pops,
    });
    const fault = o.and(o.and(status, o.not(o.x87('fcw'), 16)), o.const(BigInt(FSW.IE)));
    o.when(o.isZero(fault), () => {
      for (const [flag, at] of inFlags) o.setFlag(flag, o.bit(status, o.const(at)));
      for (const flag of ['OF', 'SF', 'AF'] as const) o.setFlag(flag, o.const(0n));
    });
  };
const M96 = (1n << 96n) - 1n;

/** ST(0) against zero. */
export const compareZero =
  (f: Binary): Meaning =>
  (o) => {
    begin(o);
    const a = o.pure(f, o.x87('fcw'), o.get(ST0), o.const(0n));
    settle(o, unless(o, isEmpty(o, 0), UNORDERED, a), { codes: CODES });
  };
/** What ST(0) holds. `f` is told whether it is empty. */
export const classify =
  (f: (empty: bigint, a: bigint) => bigint): Meaning =>
  (o) => {
    begin(o);
    settle(o, o.pure(f, isEmpty(o, 0), o.get(ST0)), { codes: CODES });
  };
/** Sign and magnitude only: no exception but an empty register. */
export const bits =
  (f: <V>(o: Ops<V>, sign: V, v: V) => V): Meaning =>
  (o) => {
    begin(o);
    const v = f(o, o.const(1n << 79n), o.get(ST0));
    settle(o, unless(o, isEmpty(o, 0), UNDERFLOW, v), { write: (x) => o.put(ST0, x) });
  };
