/** Stubs as tests want them: ours, ours with a piece of text replaced, or Go's. */
import { readFileSync } from 'node:fs';
import { assemble } from '#asm/assemble.ts';
import type { Finding } from '#emu/check/checker.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { type Library, ownLibrary, type Stubs, stubs } from '#runtime/stubs.ts';
import { type CaseFinding, type Row, verdicts } from '#runtime/verdict.ts';
import { hostFiles, stubsDir } from '../../src/cli/files.ts';

export const own: Library = ownLibrary(stubsDir(), hostFiles);
export const ownStubs = (): Stubs => stubs(own);

/** Our stubs, one file of them changed. Throws when there was nothing to change: a mutant that is none proves nothing. */
export function mutant(file: string, change: readonly [from: string | RegExp, to: string]): Stubs {
  const path = `${stubsDir()}/${file}`;
  const text = readFileSync(path, 'utf8');
  const changed = text.replace(change[0], change[1]);
  if (changed === text) throw new Error(`${file} does not contain ${change[0]}`);
  const sources = { read: (p: string) => (p === path ? changed : own.sources.read(p)) };
  const object = assemble(path, sources, own.options);
  if (object.diagnostics.length) throw new Error(object.diagnostics.map((d) => d.message).join('\n'));
  return stubs({ ...own, objects: own.objects.map((o) => (o.path === path ? object : o)) });
}

export const scenarioNamed = (name: string): (typeof scenarios)[number] => scenarios.find((s) => s.name === name)!;

export const rowsOf = (s: Stubs, names: readonly string[] = scenarios.map((x) => x.name)): Row[] => [
  ...verdicts(names.map(scenarioNamed), s, 0n),
];

/** The first finding of every failing run. */
export function firstFindings(rows: readonly Row[]): CaseFinding[] {
  return rows.flatMap((r) => [...r.results.values()].flat()).flatMap((r) => r.findings.slice(0, 1));
}

export const summary = (f: Finding): string => `${f.check}: ${f.message} | ${f.at} | ${f.cause ?? ''}`;
