/** Recorded vectors, run again on our engines: what they make of every case, against what silicon made of it. */

import type { MakeEngine } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Jit } from '#emu/engine/jit/jit.ts';
import type { Form } from '#emu/isa/form.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { Bench } from './ours.ts';
import { looseOf, ourText } from './outcome.ts';
import { casesOf, digest, keyOf, plan } from './plan.ts';
import type { SiliconCase } from './silicon.ts';
import { unrecorded } from './unrecorded.ts';
import { fileOf, RECORD, type RecordedForm, readVectors } from './vectors.ts';

export type Engines = Readonly<Record<string, MakeEngine>>;
const translators: Jit[] = [];
/** The translator translates at once, and runs its code for a single instruction: INT3 behind it ends the region. */
export const engines: Engines = {
  interpreter: (parts) => new Interpreter(parts),
  translator: (parts) => {
    const made = new Jit(parts, { warm: 1, few: 1 });
    translators.push(made);
    return made;
  },
};

/** Chapters of vector registers; they are half of the work. */
// biome-ignore format: table
export const simd: readonly string[] = ['mmx', 'vectorMove', 'vectorInteger', 'vectorShuffle', 'vectorMasked', 'float', 'convert', 'fma', 'crypto'];

export interface Replay {
  readonly rows: number;
  readonly encodings: number;
  readonly cases: number;
  /** What disagreed: row, code, engine, state by number, both outcomes. */
  readonly wrong: readonly string[];
}

const sum = { rows: 0, encodings: 0, cases: 0 };
/** What this process has compared, as a line. */
export function totals(): string {
  const translated = translators.reduce((n, t) => n + t.translated, 0);
  const { rows, encodings, cases } = sum;
  return `${rows} rows, ${encodings} encodings (${translated} of them translated), ${cases} cases`;
}

/** Throws with one line when the vectors are not those of today's rows and cases. */
export function replay(chapter: string, on: Engines = engines): Replay {
  const { header, forms } = readVectors(chapter);
  const recorded = new Map(forms.map((f) => [f.key, f]));
  const rows = chapters[chapter]!.filter((f) => f.meaning && !unrecorded(f));
  const benches = Object.entries(on).map(([name, make]) => ({ name, bench: new Bench(make) }));
  const wrong: string[] = [];
  let [encodings, cases] = [0, 0];
  for (const f of rows) {
    const form = recorded.get(keyOf(f));
    recorded.delete(keyOf(f));
    if (!form && header.includes(`not on this CPU: ${keyOf(f)}`)) continue;
    if (!form) throw new Error(`${fileOf(chapter)} has no vectors of ${keyOf(f)}: ${RECORD}`);
    encodings += form.encodings.length;
    for (const { state, c, silicon } of expectRecorded(chapter, f, form)) {
      cases++;
      const loose = looseOf(c);
      for (const { name, bench } of benches) {
        const ours = ourText(c, bench.run(c), silicon, loose, f);
        const code = Buffer.from(c.code).toString('hex');
        if (ours !== silicon) wrong.push(`${keyOf(f)} ${code} state ${state}: silicon ${silicon}, ${name} ${ours}`);
      }
    }
  }
  const [gone] = recorded.keys();
  if (gone) throw new Error(`${fileOf(chapter)} has vectors of '${gone}', which is no row: ${RECORD}`);
  if (on === engines) {
    sum.rows += rows.length;
    sum.encodings += encodings;
    sum.cases += cases;
  }
  return { rows: rows.length, encodings, cases, wrong };
}

interface RecordedCase {
  readonly state: number;
  readonly c: SiliconCase;
  readonly silicon: string;
}

/** A row's cases, each with what silicon made of it. */
export function expectRecorded(chapter: string, f: Form, form: RecordedForm): RecordedCase[] {
  const planned = plan(f);
  const cases = casesOf(planned);
  const outcomes = form.encodings.flatMap((e) => e.outcomes);
  if (digest(cases) !== form.digest || outcomes.length !== cases.length) {
    throw new Error(`${fileOf(chapter)}: the cases of ${keyOf(f)} are not those that were recorded: ${RECORD}`);
  }
  return cases.map((c, state) => ({ state, c, silicon: outcomes[state]! }));
}
