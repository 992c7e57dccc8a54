/** The sixteen conditions of Jcc, SETcc and CMOVcc (SDM vol. 1, appendix B): Go's suffix and what it tests. */
import type { Ops } from './ops.ts';

export interface Condition {
  /** Go's canonical suffix: JEQ, SETEQ, CMOVQEQ. */
  readonly name: string;
  /** The low four bits of the opcode. */
  readonly code: number;
  readonly holds: <V>(o: Ops<V>) => V;
}

const not = <V>(o: Ops<V>, v: V): V => o.xor(v, o.const(1n));
const less = <V>(o: Ops<V>): V => o.xor(o.flag('SF'), o.flag('OF'));
const belowOrSame = <V>(o: Ops<V>): V => o.or(o.flag('CF'), o.flag('ZF'));
const lessOrEqual = <V>(o: Ops<V>): V => o.or(o.flag('ZF'), less(o));

// biome-ignore format: table
export const conditions: readonly Condition[] = [
  { name: 'OS', code: 0x0, holds: (o) => o.flag('OF') },
  { name: 'OC', code: 0x1, holds: (o) => not(o, o.flag('OF')) },
  { name: 'CS', code: 0x2, holds: (o) => o.flag('CF') },
  { name: 'CC', code: 0x3, holds: (o) => not(o, o.flag('CF')) },
  { name: 'EQ', code: 0x4, holds: (o) => o.flag('ZF') },
  { name: 'NE', code: 0x5, holds: (o) => not(o, o.flag('ZF')) },
  { name: 'LS', code: 0x6, holds: (o) => belowOrSame(o) },
  { name: 'HI', code: 0x7, holds: (o) => not(o, belowOrSame(o)) },
  { name: 'MI', code: 0x8, holds: (o) => o.flag('SF') },
  { name: 'PL', code: 0x9, holds: (o) => not(o, o.flag('SF')) },
  { name: 'PS', code: 0xa, holds: (o) => o.flag('PF') },
  { name: 'PC', code: 0xb, holds: (o) => not(o, o.flag('PF')) },
  { name: 'LT', code: 0xc, holds: (o) => less(o) },
  { name: 'GE', code: 0xd, holds: (o) => not(o, less(o)) },
  { name: 'LE', code: 0xe, holds: (o) => lessOrEqual(o) },
  { name: 'GT', code: 0xf, holds: (o) => not(o, lessOrEqual(o)) },
];
