/**
 * Constant expressions, in 64-bit unsigned arithmetic that wraps.
 *
 * Precedence is Go's, in two levels: `* / % << >> &` bind tighter than `+ - | ^`. As in Go's assembler nothing may
 * multiply after `<<`, and everything after `>>` at that level is its count.
 */
import type { Cursor } from './cursor.ts';
import { fail } from './diagnostic.ts';
import { parseChar, parseFloat64, parseUint } from './number.ts';

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const isNegative = (value: bigint): boolean => value >> 63n === 1n;

/** The value as a pattern of 64 bits, from 0 to 2^64 - 1. */
export function expression(cursor: Cursor): bigint {
  let value = term(cursor);
  for (;;) {
    if (cursor.accept('+')) value = wrap(value + term(cursor));
    else if (cursor.accept('-')) value = wrap(value - term(cursor));
    else if (cursor.accept('|')) value |= term(cursor);
    else if (cursor.accept('^')) value ^= term(cursor);
    else return value;
  }
}

function term(cursor: Cursor): bigint {
  let value = factor(cursor);
  for (;;) {
    if (cursor.accept('*')) value = wrap(value * factor(cursor));
    else if (cursor.accept('&')) value &= factor(cursor);
    else if (cursor.accept('/')) {
      if (isNegative(value)) fail('divide of value with high bit set');
      value /= factor(cursor) || fail('division by zero');
    } else if (cursor.accept('%')) {
      const divisor = factor(cursor);
      if (isNegative(value)) fail('modulo of value with high bit set');
      value %= divisor || fail('modulo by zero');
    } else if (cursor.accept('<<')) {
      const count = factor(cursor);
      if (isNegative(count)) fail('negative left shift count');
      return count > 63n ? 0n : wrap(value << count);
    } else if (cursor.accept('>>')) {
      const count = cursor.nested(() => term(cursor));
      if (isNegative(count)) fail('negative right shift count');
      if (isNegative(value)) fail('right shift of value with high bit set');
      value = count > 63n ? 0n : value >> count;
    } else return value;
  }
}

function factor(cursor: Cursor): bigint {
  const word = cursor.next();
  if (word.kind === 'integer') return parseUint(word.text);
  if (word.kind === 'char') return parseChar(word.text);
  switch (word.text) {
    case '+':
      return cursor.nested(() => factor(cursor));
    case '-':
      return wrap(-cursor.nested(() => factor(cursor)));
    case '~':
      return wrap(~cursor.nested(() => factor(cursor)));
    case '(': {
      const value = cursor.nested(() => expression(cursor));
      if (cursor.next().text !== ')') fail('missing closing paren');
      return value;
    }
  }
  return fail(`unexpected ${word.text} evaluating expression`);
}

/** A floating constant with signs and parentheses around it; it has no other arithmetic. */
export function floatExpression(cursor: Cursor): number {
  const word = cursor.next();
  if (word.kind === 'float') return parseFloat64(word.text);
  switch (word.text) {
    case '+':
      return cursor.nested(() => floatExpression(cursor));
    case '-':
      return -cursor.nested(() => floatExpression(cursor));
    case '(': {
      const value = cursor.nested(() => floatExpression(cursor));
      if (cursor.next().text !== ')') fail('missing closing paren');
      return value;
    }
  }
  return fail(`unexpected ${word.text} evaluating float expression`);
}
