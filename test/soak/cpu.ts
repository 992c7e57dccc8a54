/**
 * Random instructions and blocks: interpreter = translator = this host's CPU. Cases go to the CPU in portions, through the
 * C witness. A case follows from the seed and its number alone.
 */
import { createHash } from 'node:crypto';
import type { Form } from '#emu/isa/form.ts';
import { forms } from '#emu/isa/forms/index.ts';
import { Random } from '#runtime/junk.ts';
import { makeCase, randomState } from '../witness/cases.ts';
import { BUDGET, type FoundCase } from '../witness/found.ts';
import { isMissing } from '../witness/host.ts';
import { Bench } from '../witness/ours.ts';
import { looseOf, ourText, outcomeText } from '../witness/outcome.ts';
import { engines } from '../witness/replay.ts';
import { CODE_SIZE, DATA, onSilicon, type SiliconCase } from '../witness/silicon.ts';
import { unrecorded } from '../witness/unrecorded.ts';
import { assembleBlock, type Block, looseFlags, randomBlock } from './block.ts';
import { shrink } from './shrink.ts';

/** What to run: one item is one instruction on several states, or one block. */
export interface Job {
  /** `instruction:7`, `block:7`. */
  readonly name: string;
  readonly cases: readonly Case[];
}
export interface Case {
  readonly c: SiliconCase;
  /** The row, of a single instruction. */
  readonly form: Form | undefined;
  readonly block: Block | undefined;
}
export interface Finding {
  readonly name: string;
  readonly found: FoundCase;
  /** Engine and what it made of the case. */
  readonly ours: readonly string[];
}

/** States that an instruction is run on. */
export const STATES = 50;
/** The limit of one segment is the number of the processor that the witness happens to run on. */
const isElsewhere = /^LSL/;
const suitable = forms.filter((f) => f.meaning && !unrecorded(f) && !isMissing(f) && !isElsewhere.test(f.name));
const pick = (r: Random, n: number): number => Number(r.next() % BigInt(n));
const randomOf = (seed: string, name: string): Random =>
  new Random(createHash('sha256').update(`${seed}/${name}`).digest().readBigUInt64LE());

function instruction(r: Random): Case[] {
  for (;;) {
    const form = suitable[pick(r, suitable.length)]!;
    const [memory, shape] = [pick(r, 2) === 1, r.next()];
    const all = Array.from({ length: STATES }, () => makeCase(form, r, memory, new Random(shape)));
    if (all[0]) return all.map((c) => ({ c: c!, form, block: undefined }));
  }
}

function block(r: Random): Case[] {
  for (;;) {
    const made = randomBlock(r);
    const code = assembleBlock(made);
    if (!code || code.length > CODE_SIZE - 16) continue;
    const before = randomState(r);
    // String instructions then stay in the data page for a while.
    const gprs = before.gprs.map((v, n) => (n === 1 ? v & 0x3fn : n === 6 || n === 7 ? DATA + 512n + BigInt(n) : v));
    return [{ c: { code, before: { ...before, gprs } }, form: undefined, block: made }];
  }
}

export function jobOf(seed: string, name: string): Job {
  const r = randomOf(seed, name);
  return { name, cases: name.startsWith('block') ? block(r) : instruction(r) };
}

let benches = newBenches();
function newBenches(): { name: string; bench: Bench }[] {
  return Object.entries(engines).map(([name, make]) => ({ name, bench: new Bench(make) }));
}

/** Cases that disagree, in order. */
export function compare(cases: readonly Case[]): { at: number; found: FoundCase; ours: string[] }[] {
  const results = onSilicon(cases.map(({ c }) => c));
  return cases.flatMap(({ c, form, block }, at) => {
    const loose = block ? { flags: looseFlags(block).flags, area: false } : looseOf(c);
    const silicon = outcomeText(c, results[at]!, loose);
    const ours = benches.flatMap(({ name, bench }) => {
      const text = run(bench, c, silicon, loose, form);
      return text === silicon ? [] : [`${name} ${text}`];
    });
    return ours.length ? [{ at, found: { c, loose, silicon }, ours }] : [];
  });
}

function run(bench: Bench, c: SiliconCase, silicon: string, loose: FoundCase['loose'], form: Form | undefined): string {
  try {
    return form ? ourText(c, bench.run(c), silicon, loose, form) : outcomeText(c, bench.run(c, BUDGET), loose);
  } catch (e) {
    // Whatever it was in the middle of is not to be gone on with.
    benches = newBenches();
    return `breaks down: ${(e as Error).message.split('\n')[0]}`;
  }
}

export function* soak(
  seed: string,
  names: Iterable<string>,
): Generator<{ done: number; instructions: number; finding?: Finding }> {
  let waiting: Job[] = [];
  let [done, instructions] = [0, 0];
  const flush = function* () {
    const all = waiting.flatMap(({ name, cases }) => cases.map((one) => ({ name, one })));
    const wrong = compare(all.map(({ one }) => one));
    done += waiting.length;
    instructions += all.length;
    waiting = [];
    const told = new Set<string>();
    for (const { at, found, ours } of wrong) {
      const { name, one } = all[at]!;
      // One of an instruction's states is enough.
      if (told.has(name)) continue;
      told.add(name);
      yield { done, instructions, finding: { name, ...shrink(one, { found, ours }) } };
    }
    yield { done, instructions };
  };
  for (const name of names) {
    waiting.push(jobOf(seed, name));
    if (waiting.reduce((n, j) => n + j.cases.length, 0) >= PORTION) yield* flush();
  }
  if (waiting.length) yield* flush();
}
const PORTION = 2000;
