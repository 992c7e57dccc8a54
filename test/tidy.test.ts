/** The look of the code, as far as a machine can see it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .trim()
  .split('\n');
const sources = tracked.filter((f) => /^(src|test)\/.*\.ts$/.test(f));
const text = (f: string): string => readFileSync(f, 'utf8');

const MAX_LINES = 500;

test('every file says in its first line what it is', () => {
  expect(sources.filter((f) => !/^\/\*\*/.test(text(f)))).toEqual([]);
});

test('files are small, unless they are a table', () => {
  const isTable = (f: string): boolean => /names\.ts$|errno\.ts$|forms\//.test(f);
  expect(sources.filter((f) => !isTable(f) && text(f).split('\n').length > MAX_LINES)).toEqual([]);
});

test('no file is a drawer for everything', () => {
  expect(sources.filter((f) => /(^|\/)(utils?|helpers?|common|misc|types)(\.ts|\/)/.test(f))).toEqual([]);
});

test('named exports only, and nothing left for later', () => {
  expect(sources.filter((f) => /^export default/m.test(text(f)) && !f.endsWith('config.ts'))).toEqual([]);
  const marker = new RegExp(`\\b(${['TODO', 'FIXME', 'XXX', 'HACK'].join('|')})\\b`);
  expect(sources.filter((f) => f !== 'test/tidy.test.ts' && marker.test(text(f)))).toEqual([]);
});

test('no test is switched off or alone', () => {
  const tests = sources.filter((f) => f.endsWith('.test.ts') && f !== 'test/tidy.test.ts');
  expect(tests.filter((f) => /\b(test|it|describe)\.(only|skip|todo)\b/.test(text(f)))).toEqual([]);
});

test('the README names every command and every document', () => {
  const readme = text('README.md');
  const commands = [...text('src/cli/main.ts').matchAll(/\.command\('(\w+)'\)/g)].map(([, name]) => name!);
  expect(commands.length).toBeGreaterThan(3);
  expect(commands.filter((c) => !readme.includes(`callgate ${c}`))).toEqual([]);
  const documents = tracked.filter((f) => /^docs\/.*\.md$/.test(f));
  expect(documents.filter((d) => !readme.includes(d))).toEqual([]);
});
