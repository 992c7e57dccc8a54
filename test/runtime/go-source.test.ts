/** Models against Go's own sources: each site names a statement that its function has once; frames are the compiler's. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Model } from '#runtime/model.ts';
import { models } from '#runtime/models.ts';
import { goroot } from '../witness/go.ts';

const fromGo = models.filter((m) => m.file !== undefined);

/** Without its comments. */
const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

/** The text of a function of Go's, from its `func` to the brace that closes it in column one. */
function source(m: Model): string | undefined {
  const file = join(goroot!, 'src', m.file!);
  if (!existsSync(file)) return undefined;
  const name = m.go ?? m.name.replace(/^runtime\./, '');
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^func (\\([^)]*\\) )?${escaped}\\([\\s\\S]*?^}`, 'm').exec(readFileSync(file, 'utf8'))?.[0];
}

const times = (text: string, what: string): number => text.split(what).length - 1;

describe.skipIf(!goroot)('models of Go 1.19 (needs a GOROOT: CALLGATE_GOROOT)', () => {
  test('are of functions that Go has', () => {
    expect(fromGo.filter((m) => source(m) === undefined).map((m) => `${m.name} in ${m.file}`)).toEqual([]);
    expect(fromGo.length).toBeGreaterThan(10);
  });

  test('name statements that occur once in them', () => {
    const wrong = fromGo.flatMap((m) => {
      const text = code(source(m) ?? '');
      return Object.entries(m.sites)
        .filter(([, statement]) => statement !== '' && times(text, statement) !== 1)
        .map(([site, statement]) => `${m.name} ${site}: '${statement}' occurs ${times(text, statement)} times`);
    });
    expect(wrong).toEqual([]);
  });

  test('have the frames that the compiler gives them', () => {
    const frames = compiledFrames();
    const wrong = fromGo
      .map((m) => ({ name: m.name, ours: m.frame + 8, go: frames.get(m.name) }))
      .filter(({ ours, go }) => go !== undefined && go !== ours)
      .map(({ name, ours, go }) => `${name}: 0x${ours.toString(16)}, Go has 0x${go!.toString(16)}`);
    expect(wrong).toEqual([]);
    expect(fromGo.filter((m) => frames.has(m.name)).length).toBeGreaterThan(10);
  }, 120_000);
});

/** What each function of a cgo program takes off SP, saved BP included. */
function compiledFrames(): Map<string, number> {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-'));
  try {
    writeFileSync(join(dir, 'go.mod'), 'module frames\n\ngo 1.19\n');
    writeFileSync(
      join(dir, 'main.go'),
      'package main\n\n// extern void back(void);\n// static void call(void) { back(); }\nimport "C"\n\n//export back\nfunc back() {}\n\nfunc main() { C.call() }\n',
    );
    const go = join(goroot!, 'bin/go');
    const env = { ...process.env, GOROOT: goroot!, GOFLAGS: '-mod=mod', GOCACHE: join(dir, 'cache'), CGO_ENABLED: '1' };
    execFileSync(go, ['build', '-o', 'frames'], { cwd: dir, env, stdio: 'pipe' });
    const args = ['tool', 'objdump', '-s', '^runtime\\.', 'frames'];
    const text = execFileSync(go, args, { cwd: dir, env, maxBuffer: 1 << 28 }).toString();
    return new Map(text.split(/^TEXT /m).flatMap(frameOf));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function frameOf(listing: string): [string, number][] {
  const name = /^(\S+)\(SB\)/.exec(listing)?.[1];
  const size = /\b(?:SUBQ \$|ADDQ \$-)(0x[0-9a-f]+), SP/.exec(listing)?.[1];
  return name && size ? [[name, Number(size)]] : [];
}
