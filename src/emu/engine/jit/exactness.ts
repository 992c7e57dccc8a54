/**
 * Is a floating-point result exact? WebAssembly functions of two operands and the rounded result, all as f64, that answer
 * 1 or 0; 0 may also mean "not known". Asked only while MXCSR's precision flag is still clear.
 */
import { Code } from './wasm.ts';

/** The functions by operation and width of the instruction. */
export const exactFunctions = [
  ['add', 64],
  ['mul', 64],
  ['div', 64],
  ['sqrt', 64],
  ['add', 32],
  ['mul', 32],
  ['div', 32],
  ['sqrt', 32],
] as const;

const [A, B, R] = [0, 1, 2];

export function exactFunction(op: string, w: number): Uint8Array {
  const c = new Code(3);
  if (op === 'add') sum(c);
  else if (op === 'mul') product(c, A, B, R, w);
  else product(c, R, op === 'sqrt' ? R : B, A, w);
  return c.finish();
}

/** Knuth's TwoSum: the error of a + b in f64 is zero, and the result is that sum. */
function sum(c: Code): void {
  const [s, b] = [c.local('f64'), c.local('f64')];
  c.get(A);
  c.get(B);
  c.op('f64.add');
  c.tee(s);
  c.get(A);
  c.op('f64.sub');
  c.set(b);
  c.get(A);
  c.get(s);
  c.get(b);
  c.op('f64.sub');
  c.op('f64.sub');
  c.get(B);
  c.get(b);
  c.op('f64.sub');
  c.op('f64.add');
  c.f64(0);
  c.op('f64.eq');
  c.get(s);
  c.get(R);
  c.op('f64.eq');
  c.op('i32.and');
}

/** x · y = p exactly. Products of 24-bit significands are exact in f64; of 53-bit ones when enough low bits are zero. */
function product(c: Code, x: number, y: number, p: number, w: number): void {
  c.get(x);
  c.get(y);
  c.op('f64.mul');
  c.get(p);
  c.op('f64.eq');
  if (w === 32) return;
  const zeros = (n: number): void => {
    c.get(n);
    c.op('i64.reinterpret_f64');
    c.i64(1n << 52n);
    c.op('i64.or');
    c.op('i64.ctz');
  };
  zeros(x);
  zeros(y);
  c.op('i64.add');
  c.i64(53n);
  c.op('i64.ge_u');
  for (const n of [x, y]) {
    c.get(n);
    c.f64(0);
    c.op('f64.eq');
    c.op('i32.or');
  }
  c.op('i32.and');
}
