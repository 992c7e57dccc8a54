/** From an answer to state: flags, the top of the stack, and the write, unless an unmasked exception withholds it. */
import type { Ops } from '../ops.ts';
import type { StPlace } from '../place.ts';
import { INDEFINITE } from './operand.ts';
import { answer, EXCEPTIONS, FSW } from './status.ts';

export const st = (n: number): StPlace => ({ in: 'st', n, w: 80 });
/** What a push writes: the register before the top. */
export const PUSHED = st(7);

/** Exceptions that are found before there is a result, and those that a store to memory has no result to give for. */
const BEFORE = FSW.IE | FSW.DE | FSW.ZE;
export const BEFORE_STORE = BEFORE | FSW.OE | FSW.UE;

/** Stack faults: an operand that is empty, a register that is not (SDM vol. 1, 8.5.1.1). */
export const UNDERFLOW = answer(INDEFINITE, FSW.IE | FSW.SF);
export const OVERFLOW = answer(INDEFINITE, FSW.IE | FSW.SF | FSW.C1);

const word = <V>(o: Ops<V>, n: number): V => o.const(BigInt(n));

export function isEmpty<V>(o: Ops<V>, n: number): V {
  const top = o.shr(o.x87('fsw'), word(o, 11), 16);
  const at = o.and(o.add(top, word(o, n), 16), word(o, 7));
  return o.isZero(o.bit(o.x87('tags'), at));
}

/** An answer's status, and its result. */
export const statusOf = <V>(o: Ops<V>, a: V): V => o.narrow(o.shr(o.half(a, 1), word(o, 16), 64), 16);
export const resultOf = <V>(o: Ops<V>, a: V): V => o.narrow(a, 80);

/** The status word with ES and B saying whether an exception that the control word does not mask is noted in it. */
export function summarized<V>(o: Ops<V>, fsw: V, fcw: V): V {
  const pending = o.and(o.and(fsw, o.not(fcw, 16)), word(o, EXCEPTIONS));
  const summary = word(o, FSW.ES | FSW.B);
  return o.select(pending, o.or(fsw, summary), o.and(fsw, o.not(summary, 16)));
}

export function moveTop<V>(o: Ops<V>, fsw: V, by: number): V {
  const top = word(o, FSW.TOP);
  const moved = o.and(o.add(fsw, word(o, (by & 7) << 11), 16), top);
  return o.or(o.and(fsw, o.not(top, 16)), moved);
}

interface Effect<V> {
  /** Where the top goes: −1 for a push, 1 or 2 for pops. */
  readonly moves?: number;
  /** Condition codes it defines; the others stay. */
  readonly codes?: number;
  /** Exceptions that, unmasked, withhold write and move. */
  readonly withheldBy?: number;
  readonly write?: (result: V) => void;
}

export function settle<V>(o: Ops<V>, a: V, e: Effect<V>): void {
  const { moves = 0, codes = FSW.C1, withheldBy = BEFORE, write } = e;
  const status = o.let(statusOf(o, a));
  const fcw = o.let(o.x87('fcw'));
  const kept = o.and(o.x87('fsw'), o.not(word(o, codes), 16));
  const noted = o.let(summarized(o, o.or(kept, status), fcw));
  const goes = o.let(o.isZero(o.and(o.and(status, o.not(fcw, 16)), word(o, withheldBy))));
  o.setX87('fsw', moves ? o.select(goes, moveTop(o, noted, moves), noted) : noted);
  o.when(goes, () => {
    write?.(resultOf(o, a));
    for (let n = 0; n < moves; n++) o.emptySt(n);
  });
}
