/** The inputs of a row's vectors: several encodings, each on several states. They follow from the row's name alone. */
import { createHash } from 'node:crypto';
import { decode } from '#emu/decode/decode.ts';
import type { Form } from '#emu/isa/form.ts';
import { forms } from '#emu/isa/forms/index.ts';
import type { MemPlace } from '#emu/isa/place.ts';
import { Random } from '#runtime/junk.ts';
import { makeCase } from './cases.ts';
import { CODE, type CpuState, DATA, READ_ONLY, request, type SiliconCase } from './silicon.ts';

export interface Encoding {
  readonly code: Uint8Array;
  readonly states: readonly CpuState[];
}

const ENCODINGS = 6;
const STATES = 7;
const PAGE = 4096n;
const [LOCK, FS, GS] = [0xf0, 0x64, 0x65];

const pick = (r: Random, n: number): number => Number(r.next() % BigInt(n));
/** Rows whose LOCK is not what the manual says: AMD's processors ignore it, or take MOV CR0 with it for CR8. */
const takesLock = (f: Form): boolean => f.name === 'VERW' || f.operands.some((k) => 'file' in k && k.file === 'cr');
const isArea = (f: Form): boolean => /^(FX|X)(SAVE|RSTOR)/.test(f.name);
const hash = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();

/** What tells a row from all others. */
export const keyOf = (f: Form): string => keys.get(f)!;
const keys = new Map<Form, string>();
{
  const seen = new Map<string, number>();
  for (const f of forms) {
    const key = [f.name, f.encoding.text, ...f.operands.map(operandText)].join(' ');
    const n = (seen.get(key) ?? 0) + 1;
    seen.set(key, n);
    keys.set(f, n === 1 ? key : `${key} (${n})`);
  }
}
function operandText(k: Form['operands'][number]): string {
  const file = 'file' in k ? k.file : '';
  const width = 'w' in k ? k.w : 'size' in k ? 8 * k.size : '';
  return `${k.slot}:${file}${width}${'allow' in k && k.allow !== 'both' ? k.allow[0] : ''}`;
}

/** The cases of a row, encoding by encoding. `salt` picks others. */
export function plan(f: Form, salt = '', encodings = ENCODINGS, states = STATES): Encoding[] {
  const r = new Random(hash(keyOf(f) + salt).readBigUInt64LE());
  const found = new Map<string, Encoding>();
  let plain = 0;
  for (let i = 0; plain < encodings && i < 3 * encodings; i++) {
    const seed = r.next();
    const memory = i % 2 === 1;
    const cases = Array.from({ length: states }, () => makeCase(f, r, memory, new Random(seed)));
    const code = cases[0]?.code;
    const text = code && Buffer.from(code).toString('hex');
    if (!code || found.has(text!)) continue;
    const [first, ...others] = cases.map((c) => c!.before);
    const pointers = pointersOf(f, code);
    const isFirst = plain++ < 2;
    const lost = isFirst ? pointers.flatMap((p) => astray(p, isArea(f), first!, r)) : [];
    found.set(text!, { code, states: [first!, ...others, ...lost] });
    if (!isFirst) continue;
    // Once for registers and once for memory: with LOCK, and with a segment's base.
    const [locked, based] = [Uint8Array.of(LOCK, ...code), Uint8Array.of(pick(r, 2) ? FS : GS, ...code)];
    if (!takesLock(f)) found.set(`f0${text}`, { code: locked, states: [first!] });
    if (pointers.length && !isArea(f))
      found.set(`64${text}`, { code: based, states: [first!, others[0]!].map((s) => withBases(s, r)) });
  }
  return [...found.values()];
}

export const casesOf = (encodings: readonly Encoding[]): SiliconCase[] =>
  encodings.flatMap(({ code, states }) => states.map((before) => ({ code, before })));

/** Changes whenever a case does. */
export function digest(cases: readonly SiliconCase[]): string {
  const all = createHash('sha256');
  for (const c of cases) all.update(request(c));
  return all.digest('hex').slice(0, 8);
}

const withBases = (s: CpuState, r: Random): CpuState => ({
  ...s,
  fsBase: BigInt(8 * pick(r, 8)),
  gsBase: BigInt(8 * pick(r, 8)),
});

/** A register that the instruction reaches memory through: how far from it, and how many bytes. */
interface Pointer {
  readonly n: number;
  readonly disp: bigint;
  readonly size: number;
}

function pointersOf(f: Form, code: Uint8Array): Pointer[] {
  const insn = decode(code, CODE);
  if (!insn || insn === 'short') return [];
  const named = insn.operands
    .filter((p): p is MemPlace => p.in === 'mem' && p.base !== undefined)
    .map((p) => ({ n: p.base!, disp: p.disp, size: p.w / 8 }));
  // ENTER stores piece by piece, and what it has stored before a fault stays.
  const stack = /^(PUSH|CALL)/.test(f.name)
    ? [{ n: 4, disp: -8n, size: 8 }]
    : /^(POP|RET)/.test(f.name)
      ? [{ n: 4, disp: 0n, size: 8 }]
      : [];
  return [...named, ...stack, ...(/^LEAVE/.test(f.name) ? [{ n: 5, disp: 0n, size: 8 }] : [])];
}

/**
 * The state with that pointer where memory is not as the instruction wants it: not there, not writable, across the end or
 * the beginning of what is there, not aligned, not canonical.
 */
function astray({ n, disp, size }: Pointer, area: boolean, s: CpuState, r: Random): CpuState[] {
  const now = s.gprs[n]!;
  const across = BigInt(size > 1 ? 1 + pick(r, size - 1) : 0);
  const nowhere = [now + PAGE, now - DATA + READ_ONLY, 0x8000_0000_0000_0000n ^ (r.next() >> 8n)];
  const near = [
    DATA + PAGE - disp - across,
    DATA - disp - across,
    now + BigInt(1 + pick(r, 15)),
    // Silicon takes these sizes in one piece or in two, and so sees another fault first.
    ...(size === 10 || size === 32 ? [] : [0x8000_0000_0000n - disp - across]),
  ];
  // Areas stay where their contents are known.
  return [...nowhere, ...(area ? [] : near)].map((v) => ({
    ...s,
    gprs: s.gprs.map((old, i) => (i === n ? BigInt.asUintN(64, v) : old)),
  }));
}
