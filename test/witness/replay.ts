/** Recorded vectors, run again on our engines: what they make of every case, against what silicon made of it. */
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { jit } from '#emu/engine/jit/jit.ts';
import type { MakeEngine } from '#emu/engine/engine.ts';
import type { Form } from '#emu/isa/form.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { Bench } from './ours.ts';
import { looseFlags, ourText } from './outcome.ts';
import { casesOf, digest, keyOf, plan } from './plan.ts';
import { unrecorded } from './unrecorded.ts';
import { fileOf, RECORD, type RecordedForm, readVectors } from './vectors.ts';

/** The translator translates at once, and runs its code for a single instruction: INT3 behind it ends the region. */
export const engines: Readonly<Record<string, MakeEngine>> = {
  interpreter: (parts) => new Interpreter(parts),
  translator: jit({ warm: 1, few: 1 }),
};

export interface Replay {
  readonly rows: number;
  readonly encodings: number;
  readonly cases: number;
  /** What disagreed: row, code, engine, state by number, both outcomes. */
  readonly wrong: readonly string[];
}

/** Throws with one line when the vectors are not those of today's rows and cases. */
export function replay(chapter: string): Replay {
  const { header, forms } = readVectors(chapter);
  const recorded = new Map(forms.map((f) => [f.key, f]));
  const rows = chapters[chapter]!.filter((f) => f.meaning && !unrecorded(f));
  const benches = Object.entries(engines).map(([name, make]) => ({ name, bench: new Bench(make) }));
  const wrong: string[] = [];
  let [encodings, cases] = [0, 0];
  for (const f of rows) {
    const form = recorded.get(keyOf(f));
    recorded.delete(keyOf(f));
    if (!form && header.includes(`not on this CPU: ${keyOf(f)}`)) continue;
    if (!form) throw new Error(`${fileOf(chapter)} has no vectors of ${keyOf(f)}: ${RECORD}`);
    encodings += form.encodings.length;
    for (const { state, c, silicon } of inputs(chapter, f, form)) {
      cases++;
      const loose = looseFlags(c);
      for (const { name, bench } of benches) {
        const ours = ourText(c, bench.run(c), silicon, loose, f);
        const code = Buffer.from(c.code).toString('hex');
        if (ours !== silicon) wrong.push(`${keyOf(f)} ${code} state ${state}: silicon ${silicon}, ${name} ${ours}`);
      }
    }
  }
  const [gone] = recorded.keys();
  if (gone) throw new Error(`${fileOf(chapter)} has vectors of '${gone}', which is no row: ${RECORD}`);
  return { rows: rows.length, encodings, cases, wrong };
}

function inputs(chapter: string, f: Form, form: RecordedForm) {
  const planned = plan(f);
  const cases = casesOf(planned);
  const outcomes = form.encodings.flatMap((e) => e.outcomes);
  if (digest(cases) !== form.digest || outcomes.length !== cases.length) {
    throw new Error(`${fileOf(chapter)}: the cases of ${keyOf(f)} are not those that were recorded: ${RECORD}`);
  }
  return cases.map((c, state) => ({ state, c, silicon: outcomes[state]! }));
}
