/**
 * Recorded vectors: what silicon made of every row's cases, one file a chapter, in test/emu/silicon.
 *
 *   # recorded on …                   what it was recorded on
 *   ADDB 00 /r rm:gpr8 reg:gpr8 | 5e…  a row, and a digest of its cases: they follow from its name (plan.ts)
 *   0045e1                            an encoding
 *    RAX=7 RFLAGS=44                  what became of it, a line for each state (outcome.ts)
 *    *3 -                             the same for three states
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'test/emu/silicon';
export const fileOf = (chapter: string): string => join(FOLDER, `${chapter}.txt`);
export const RECORD = 'run npm run record';

export interface RecordedEncoding {
  readonly code: string;
  readonly outcomes: readonly string[];
}
export interface RecordedForm {
  readonly key: string;
  readonly digest: string;
  readonly encodings: readonly RecordedEncoding[];
}
export interface RecordedChapter {
  readonly header: readonly string[];
  readonly forms: readonly RecordedForm[];
}

export function vectorText({ header, forms }: RecordedChapter): string {
  const lines = header.map((l) => `# ${l}`);
  for (const { key, digest, encodings } of forms) {
    lines.push(`${key} | ${digest}`);
    for (const { code, outcomes } of encodings) lines.push(code, ...counted(outcomes));
  }
  return `${lines.join('\n')}\n`;
}

function counted(outcomes: readonly string[]): string[] {
  const runs: { text: string; n: number }[] = [];
  for (const text of outcomes) {
    const last = runs.at(-1);
    if (last?.text === text) last.n++;
    else runs.push({ text, n: 1 });
  }
  return runs.map(({ text, n }) => (n > 1 ? ` *${n} ${text}` : ` ${text}`));
}

/** Throws with a line that says what is wrong with a file, and where. */
export function readVectors(chapter: string): RecordedChapter {
  const path = fileOf(chapter);
  if (!existsSync(path)) throw new Error(`${path} is not there: ${RECORD}`);
  const header: string[] = [];
  const forms: { key: string; digest: string; encodings: { code: string; outcomes: string[] }[] }[] = [];
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  for (const [i, line] of lines.entries()) {
    const row = /^(.+) \| ([0-9a-f]{8})$/.exec(line);
    const outcome = /^ (?:\*(\d+) )?(.+)$/.exec(line);
    const encodings = forms.at(-1)?.encodings;
    if (line.startsWith('# ')) header.push(line.slice(2));
    else if (outcome && encodings?.length) {
      encodings.at(-1)!.outcomes.push(...Array<string>(Number(outcome[1] ?? 1)).fill(outcome[2]!));
    } else if (row) forms.push({ key: row[1]!, digest: row[2]!, encodings: [] });
    else if (encodings && /^([0-9a-f]{2})+$/.test(line)) encodings.push({ code: line, outcomes: [] });
    else throw new Error(`${path}:${i + 1}: neither a row nor an encoding nor an outcome: ${RECORD}`);
  }
  return { header, forms };
}
