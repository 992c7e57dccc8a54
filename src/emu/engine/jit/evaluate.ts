/** Expressions of the translator read by the interpreter's vocabulary: for flags that are wanted after all. */
import type { Node } from './ir.ts';

const maskOf = (w: number): bigint => (1n << BigInt(w)) - 1n;
const signed = (w: number, v: bigint): bigint => BigInt.asIntN(w, v);
const truth = (b: boolean): bigint => (b ? 1n : 0n);
const ones = (v: bigint): bigint => BigInt(v.toString(2).replaceAll('0', '').length);

/** The value of a scalar expression over leaves. */
export function evaluate(n: Node, leaf: (n: number) => bigint): bigint {
  if (n.op === 'leaf') return leaf(n.n);
  if (n.op === 'const') return n.value;
  const [a = 0n, b = 0n, c = 0n] = n.args.map((x) => evaluate(x, leaf));
  const { w } = n;
  const m = maskOf(w);
  // biome-ignore format: table
  switch (n.op) {
    case 'add':           return (a + b) & m;
    case 'sub':           return (a - b) & m;
    case 'and':           return a & b;
    case 'or':            return a | b;
    case 'xor':           return a ^ b;
    case 'not':           return ~a & m;
    case 'shl':           return (a << (b & 63n)) & m;
    case 'shr':           return (a & m) >> (b & 63n);
    case 'sar':           return (signed(w, a) >> (b & 63n)) & m;
    case 'rotate':        return ((a << b) | (a >> (BigInt(w) - b))) & m;
    case 'mul':           return (a * b) & maskOf(64);
    case 'mulHigh':       return ((n.name === 'signed' ? signed(64, a) * signed(64, b) : a * b) >> 64n) & maskOf(64);
    case 'signExtend':    return signed(w, a) & maskOf(64);
    case 'narrow':        return a & m;
    case 'below':         return truth(a < b);
    case 'lessSigned':    return truth(signed(w, a) < signed(w, b));
    case 'equal':         return truth(a === b);
    case 'isZero':        return truth(a === 0n);
    case 'sign':          return (a >> BigInt(w - 1)) & 1n;
    case 'evenParity':    return 1n ^ (ones(a & 0xffn) & 1n);
    case 'countOnes':     return ones(a);
    case 'leadingZeros':  return BigInt(a === 0n ? w : w - a.toString(2).length);
    case 'trailingZeros': return BigInt(a === 0n ? w : (a & -a).toString(2).length - 1);
    case 'select':        return a ? b : c;
    case 'quotient':      return n.name === 'signed' ? (signed(64, a) / signed(64, b)) & maskOf(64) : a / b;
    case 'remainder':     return n.name === 'signed' ? (signed(64, a) % signed(64, b)) & maskOf(64) : a % b;
    default:              throw new Error(`no value for ${n.op}`);
  }
}
