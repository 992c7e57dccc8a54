/** Writes what this host's CPU makes of every row's cases into test/emu/silicon: npm run record [-- CHAPTER…]. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Feature } from '#emu/isa/feature.ts';
import type { Form } from '#emu/isa/form.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { looseFlags, outcomeText } from './outcome.ts';
import { casesOf, digest, keyOf, plan } from './plan.ts';
import { hasSilicon, missingSilicon, onSilicon } from './silicon.ts';
import { unrecorded } from './unrecorded.ts';
import { fileOf, type RecordedForm, vectorText } from './vectors.ts';

/** Linux's names of CPUID bits, where they are not the manual's in small letters. */
// biome-ignore format: table
const linuxNames: Partial<Record<Feature, string>> = {
  CMPXCHG16B: 'cx16', LAHF: 'lahf_lm', LZCNT: 'abm', PREFETCHW: '3dnowprefetch', SHA: 'sha_ni', SSE3: 'pni', 'SSE4.1': 'sse4_1', 'SSE4.2': 'sse4_2',
};
const cpuinfo = readFileSync('/proc/cpuinfo', 'utf8');
const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? '?';
const flags = new Set(field('flags').split(' '));
/** A row that this CPU does not have: there it is #UD, which says nothing. */
const isMissing = ({ feature, elseIgnored }: Form): boolean =>
  feature !== undefined && !elseIgnored && !flags.has(linuxNames[feature] ?? feature.toLowerCase());

function record(rows: readonly Form[]): RecordedForm[] {
  const planned = rows.map((f) => ({ f, encodings: plan(f) }));
  const all = planned.flatMap(({ encodings }) => casesOf(encodings));
  const texts = onSilicon(all).map((o, i) => outcomeText(all[i]!, o, looseFlags(all[i]!)));
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
      `recorded on ${field('vendor_id')} family ${field('cpu family')} model ${field('model')}; npm run record writes this file`,
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
