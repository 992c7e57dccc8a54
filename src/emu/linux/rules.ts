/** Fault rules: `mmap:ENOMEM@2` makes the second mmap fail. */
import { type Errno, errnoNames, errnos } from './errno.ts';
import { allNames } from './names.ts';
import { nearest } from './nearest.ts';

export interface FaultRule {
  /** Name of the system call. */
  readonly call: string;
  readonly errno: number;
  /** Which calls of that name fail, counted from 1 over all tasks; both ends included. */
  readonly first: number;
  readonly last: number;
}

/** A rule that cannot be read. The message is one line: what, where, and what to do. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

/** Of several rules for one call, the first that fits decides. */
export function parseRules(texts: readonly string[], option = '--fail'): FaultRule[] {
  return texts.map((text) => parseRule(text, option));
}

/**
 * `call:ERRNO[@which]`, where which is `2` (the second), `2+` (from the second on) or `1-3`; without it, every call.
 * `option` names the place the text came from. Throws RuleError.
 */
export function parseRule(text: string, option = '--fail'): FaultRule {
  const refuse = (why: string): RuleError => new RuleError(`${option} '${text}': ${why}`);
  const parts = /^([^:@]*):([^:@]*)(?:@(.*))?$/.exec(text.trim());
  if (!parts) throw refuse('write CALL:ERRNO or CALL:ERRNO@WHICH, such as mmap:ENOMEM@2');
  const [, call = '', errno = '', which] = parts;
  if (!allNames.includes(call)) throw refuse(`no system call is called ${quoted(call)}${suggestion(call, allNames)}`);
  if (!isErrno(errno)) throw refuse(`no errno is called ${quoted(errno)}${suggestion(errno, errnoNames)}`);
  const range = which === undefined ? every : parseWhich(which);
  if (!range) throw refuse(`'${which}' does not say which calls; write @2 (the second), @2+ (from it on) or @1-3`);
  const [first, last] = range;
  if (first < 1) throw refuse('calls are counted from 1');
  if (last < first) throw refuse(`no call is both from ${first} on and up to ${last}; write @${last}-${first}`);
  return { call, errno: errnos[errno][0], first, last };
}

export function applies(rule: FaultRule, call: string, nth: number): boolean {
  return rule.call === call && nth >= rule.first && nth <= rule.last;
}

type Range = readonly [first: number, last: number];
const every: Range = [1, Number.POSITIVE_INFINITY];

function parseWhich(text: string): Range | undefined {
  const m = /^(\d{1,9})(?:(\+)|-(\d{1,9}))?$/.exec(text);
  if (!m) return undefined;
  const first = Number(m[1]);
  if (m[2]) return [first, Number.POSITIVE_INFINITY];
  return [first, m[3] === undefined ? first : Number(m[3])];
}

const isErrno = (name: string): name is Errno => Object.hasOwn(errnos, name);
const quoted = (name: string): string => name || "''";

function suggestion(wrong: string, right: readonly string[]): string {
  const best = nearest(wrong, right);
  return best ? `; did you mean ${best}?` : '';
}
