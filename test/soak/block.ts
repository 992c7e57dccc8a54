/** Random blocks of code: straight lines, forward branches, counted loops, a call. They end in INT3, and always do end. */
import { decode } from '#emu/decode/decode.ts';
import type { Instruction } from '#emu/decode/instruction.ts';
import { undefinedFlags } from '#emu/engine/undefined-flags.ts';
import { conditions } from '#emu/isa/condition.ts';
import type { Form } from '#emu/isa/form.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import type { Random } from '#runtime/junk.ts';
import { makeCase } from '../witness/cases.ts';
import { CODE, CODE_SIZE } from '../witness/silicon.ts';
import { unrecorded } from '../witness/unrecorded.ts';
import { flagUse } from './flag-use.ts';

/** Items of one `group` stand and fall together: a loop's set-up, count and branch. */
export type Item =
  | { readonly kind: 'plain'; readonly bytes: Uint8Array; readonly group: number }
  /** `opcode` and a displacement of `size` bytes to the label. */
  | {
      readonly kind: 'branch';
      readonly opcode: readonly number[];
      readonly size: 1 | 4;
      readonly to: number;
      readonly group: number;
    }
  | { readonly kind: 'label'; readonly label: number; readonly group: number };
export type Block = readonly Item[];

const pick = (r: Random, n: number): number => Number(r.next() % BigInt(n));
/** Counts loops; nothing else names it. */
const COUNTER = 12;
/** Not in blocks: what goes elsewhere, what loads any flags or frames, what processors are free in, what keeps a last instruction. */
const excluded =
  /^(J|LOOP|CALL|RET|INT|UD|POPF|LEAVE|ENTER|F2XM1|FYL2X|FPATAN|FPTAN|FSIN|FCOS|FU?COMIP?$|FN?SAVE|FN?STENV|FLDENV|FRSTOR|MASKMOVQ|VERW|CMPXCHG16B)/;
const suitable: readonly Form[] = Object.entries(chapters)
  .filter(([name]) => !['segment', 'privileged', 'xsave'].includes(name))
  .flatMap(([, rows]) => rows)
  .filter((f) => f.meaning && !unrecorded(f) && !excluded.test(f.name) && f.operands.every((k) => k.slot !== 'rel'))
  // With an index in a register BT reaches a quarter of the address space: here and there the witness has something.
  .filter((f) => !(f.name.startsWith('BT') && f.operands.some((k) => k.slot === 'reg')))
  // Processors differ in whether their #XM leaves the x87 alone.
  .filter((f) => !(f.name.startsWith('CVT') && f.operands.some((k) => 'file' in k && k.file === 'mmx')));

const decoded = (bytes: Uint8Array): Instruction | undefined => {
  const insn = decode(bytes, CODE);
  return insn === 'short' ? undefined : insn;
};
const namesCounter = (i: Instruction): boolean =>
  i.operands.some(
    (p) => (p.in === 'gpr' && p.n === COUNTER) || (p.in === 'mem' && (p.base === COUNTER || p.index === COUNTER)),
  );

function plain(r: Random): Item {
  for (;;) {
    const c = makeCase(suitable[pick(r, suitable.length)]!, r, pick(r, 2) === 1);
    const insn = c && decoded(c.code);
    if (insn && insn.length === c.code.length && !namesCounter(insn)) return { kind: 'plain', bytes: c.code, group: 0 };
  }
}
const line = (r: Random, n: number): Item[] => Array.from({ length: n }, () => plain(r));

export function randomBlock(r: Random): Block {
  let groups = 0;
  const branched = (): Item[] => {
    const group = ++groups;
    const { code } = conditions[pick(r, conditions.length)]!;
    const jump: Item = { kind: 'branch', opcode: [0x70 + code], size: 1, to: group, group };
    return [jump, ...line(r, 1 + pick(r, 3)), { kind: 'label', label: group, group }];
  };
  const looped = (): Item[] => {
    const group = ++groups;
    const put = (...bytes: number[]): Item => ({ kind: 'plain', bytes: Uint8Array.from(bytes), group });
    // MOVL $n, R12; … DECQ R12; JNE
    const body = [...line(r, 1 + pick(r, 3)), ...(pick(r, 2) ? branched() : [])];
    const back: Item = { kind: 'branch', opcode: [0x75], size: 1, to: group, group };
    return [
      put(0x41, 0xbc, 1 + pick(r, 20), 0, 0, 0),
      { kind: 'label', label: group, group },
      ...body,
      put(0x49, 0xff, 0xcc),
      back,
    ];
  };
  const called = (): { call: Item; body: Item[] } => {
    const group = ++groups;
    const ret: Item = { kind: 'plain', bytes: Uint8Array.of(0xc3), group };
    const call: Item = { kind: 'branch', opcode: [CALL], size: 4, to: group, group };
    return { call, body: [{ kind: 'label', label: group, group }, ...line(r, 1 + pick(r, 2)), ret] };
  };
  const items = line(r, 1 + pick(r, 4));
  for (const part of [branched, looped]) if (pick(r, 2)) items.push(...part(), ...line(r, pick(r, 2)));
  const sub = pick(r, 4) ? undefined : called();
  // Never between a loop's count and its branch.
  const places = items.flatMap((item, i) => (item.group === 0 ? [i] : []));
  if (sub) items.splice(places[pick(r, places.length)]!, 0, sub.call);
  items.push({ kind: 'plain', bytes: Uint8Array.of(INT3), group: -1 }, ...(sub?.body ?? []));
  return sound(items);
}
const [INT3, CALL] = [0xcc, 0xe8];

/** The block without what would look at flags that mean nothing; and what of the flags means nothing at its end. */
function sound(block: Block): Block {
  for (let items = block; ; ) {
    const { reader } = looseFlags(items);
    if (reader === undefined) return items;
    const item = items[reader]!;
    // A branch gets flags to look at: TESTB AL, AL.
    const test: Item = { kind: 'plain', bytes: Uint8Array.of(0x84, 0xc0), group: item.group };
    items = [...items.slice(0, reader), ...(item.kind === 'branch' ? [test, item] : []), ...items.slice(reader + 1)];
  }
}

/** Whatever the count, where it is in CL. */
const undefinedAfter = (insn: Instruction): number =>
  Array.from({ length: 64 }, (_, cl) => undefinedFlags(insn, cl)).reduce((a, b) => a | b);

/** `reader`: the first item that depends on a flag which means nothing. */
export function looseFlags(block: Block): { flags: number; reader: number | undefined } {
  const atLabel = new Map<number, number>();
  const end = block.findIndex((i) => i.kind === 'plain' && i.bytes[0] === INT3);
  let flags = 0;
  let reader: number | undefined;
  // Loops bring flags back to their start: until nothing changes.
  for (let before = -1, now = 0; before !== now; ) {
    before = now;
    flags = 0;
    reader = undefined;
    const bring = (label: number): void => void atLabel.set(label, (atLabel.get(label) ?? 0) | flags);
    block.forEach((item, i) => {
      if (item.kind === 'label') {
        bring(item.label);
        flags = atLabel.get(item.label)!;
        return;
      }
      const insn = decoded(item.kind === 'plain' ? item.bytes : Uint8Array.of(...item.opcode, 0, 0, 0, 0));
      if (!insn) return;
      const { reads, writes } = flagUse(insn);
      if (reads & flags) reader ??= i;
      flags = (flags & ~writes) | undefinedAfter(insn);
      if (item.kind === 'branch') bring(item.to);
      // What a subroutine leaves behind comes back.
      if (item.kind === 'branch' && item.opcode[0] === CALL) flags |= undefinedIn(block.slice(end));
    });
    now = [...atLabel.values()].reduce((a, b) => a + b, 0);
  }
  // A fault may end it anywhere.
  return { flags: undefinedIn(block), reader };
}
const undefinedIn = (block: Block): number =>
  block.reduce((m, item) => {
    const insn = item.kind === 'plain' ? decoded(item.bytes) : undefined;
    return insn ? m | undefinedAfter(insn) : m;
  }, 0);

/** The bytes; undefined when they are too many. */
export function assembleBlock(block: Block): Uint8Array | undefined {
  const sizeOf = (i: Item): number =>
    i.kind === 'plain' ? i.bytes.length : i.kind === 'branch' ? i.opcode.length + i.size : 0;
  const labels = new Map<number, number>();
  let at = 0;
  for (const item of block) {
    if (item.kind === 'label') labels.set(item.label, at);
    at += sizeOf(item);
  }
  if (at > CODE_SIZE - 16) return undefined;
  const out: number[] = [];
  for (const item of block) {
    if (item.kind === 'plain') out.push(...item.bytes);
    if (item.kind !== 'branch') continue;
    const distance = labels.get(item.to)! - (out.length + sizeOf(item));
    if (item.size === 1 && (distance < -128 || distance > 127)) return undefined;
    out.push(...item.opcode);
    for (let i = 0; i < item.size; i++) out.push((distance >> (8 * i)) & 0xff);
  }
  return Uint8Array.from(out);
}
