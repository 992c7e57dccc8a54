/** Writes what this host's CPU makes of every row's cases into test/emu/silicon: npm run record [-- CHAPTER…]. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Form } from '#emu/isa/form.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { hostName, isMissing } from './host.ts';
import { looseOf, outcomeText } from './outcome.ts';
import { casesOf, digest, keyOf, plan } from './plan.ts';
import { hasSilicon, missingSilicon, onSilicon } from './silicon.ts';
import { unrecorded } from './unrecorded.ts';
import { fileOf, type RecordedForm, vectorText } from './vectors.ts';

function record(rows: readonly Form[]): RecordedForm[] {
  const planned = rows.map((f) => ({ f, encodings: plan(f) }));
  const all = planned.flatMap(({ encodings }) => casesOf(encodings));
  const texts = onSilicon(all).map((o, i) => outcomeText(all[i]!, o, looseOf(all[i]!)));
  return planned.map(({ f, encodings }) => ({
    key: keyOf(f),
    digest: digest(casesOf(encodings)),
    encodings: encodings.map(({ code, states }) => ({
      code: Buffer.from(code).toString('hex'),
      outcomes: texts.splice(0, states.length),
    })),
  }));
}

function main(wanted: readonly string[]): void {
  if (!hasSilicon) throw new Error(`recording ${missingSilicon}`);
  const unknown = wanted.find((name) => !chapters[name]);
  if (unknown) throw new Error(`there is no chapter '${unknown}': ${Object.keys(chapters).join(' ')}`);
  for (const [name, rows] of Object.entries(chapters)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const meant = rows.filter((f) => f.meaning && !unrecorded(f));
    const header = [
      `recorded on ${hostName}; npm run record writes this file`,
      ...meant.filter(isMissing).map((f) => `not on this CPU: ${keyOf(f)}`),
    ];
    const forms = record(meant.filter((f) => !isMissing(f)));
    const text = vectorText({ header, forms });
    mkdirSync(dirname(fileOf(name)), { recursive: true });
    writeFileSync(fileOf(name), text);
    const cases = forms.reduce((n, f) => n + f.encodings.reduce((m, e) => m + e.outcomes.length, 0), 0);
    console.log(`${name}: ${forms.length} rows, ${cases} cases, ${(text.length / 1024).toFixed(0)} KB`);
  }
}

try {
  main(process.argv.slice(2));
} catch (e) {
  console.error(`record: ${(e as Error).message}`);
  process.exitCode = 2;
}
