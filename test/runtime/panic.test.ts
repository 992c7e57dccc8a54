/** Panics over C frames against Go itself: what a program with cgo says when it dies of one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cgocallbackg1Func3 } from '#runtime/go/cgocallbackg1.ts';
import { unlockOSThread } from '#runtime/go/lockosthread.ts';
import type { Model } from '#runtime/model.ts';
import type { Situation } from '#runtime/scenario.ts';
import { runCase } from '#runtime/verdict.ts';
import { goroot } from '../witness/go.ts';
import { ownStubs, scenarioNamed } from './fixture.ts';

/** The scenario, in Go: `again` where what has recovered panics itself, `two` where C calls Go calls C calls Go. */
const PROGRAM = `package main

// extern void panics(void);
// extern void middle(void);
// static void inner(void) { panics(); }
// static void outer(void) { middle(); }
import "C"
import "os"

//go:noinline
func boom() { panic("main.boom") }

//export panics
func panics() { boom() }

//export middle
func middle() { C.inner() }

func recovers() { recover(); panic("main.again") }

func main() {
	if os.Args[1] == "again" { defer recovers() }
	if os.Args[1] == "two" { C.outer() } else { C.inner() }
}
`;

/** Messages, the goroutine's header, and the functions of the program that both have. */
function gist(output: string): { readonly said: readonly string[]; readonly frames: readonly string[] } {
  const lines = output.split('\n');
  const frames = lines
    .map((l) => /^(main\.(?:boom|recovers|main)|panic)\(/.exec(l)?.[1])
    .filter((f) => f !== undefined);
  return { said: lines.filter((l) => /^\t?panic: |^goroutine /.test(l)), frames };
}

describe.skipIf(!goroot)('a panic that nobody recovers from (needs a GOROOT: CALLGATE_GOROOT)', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'callgate-'));
    writeFileSync(join(dir, 'go.mod'), 'module panics\n\ngo 1.19\n');
    writeFileSync(join(dir, 'main.go'), PROGRAM);
    const env = { ...process.env, GOROOT: goroot!, GOFLAGS: '-mod=mod', GOCACHE: join(dir, 'cache'), CGO_ENABLED: '1' };
    execFileSync(join(goroot!, 'bin/go'), ['build', '-o', 'panics'], { cwd: dir, env, stdio: 'pipe' });
  }, 120_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test.each([
    ['once', 'not recovered'],
    ['two', 'not recovered, two levels'],
    ['again', 'recovered, and panics again'],
  ])('%s', (argument, name) => {
    const { status, stderr } = spawnSync(join(dir, 'panics'), [argument], { encoding: 'utf8' });
    const scenario = scenarioNamed('panic-out-of-callback');
    const situation = scenario.situations.find((s) => s.name === name)!;
    const run = runCase({ scenario, situation, stack: 'curg', residue: 0, seed: 0n, fail: [] }, ownStubs());
    expect(run.findings).toEqual([]);
    expect(run.ending).toEqual({ kind: 'exit', status });
    expect(gist(run.output)).toEqual(gist(stderr));
    expect(gist(stderr).frames.length).toBeGreaterThan(1);
  });
});

/** A function of Go's that does not do what it is there for. */
const idle = (model: Model): Model => ({
  ...model,
  // biome-ignore lint/correctness/useYield: it does nothing
  *body() {
    return undefined;
  },
});

// biome-ignore format: table
const broken: readonly (readonly [what: string, model: Model, situation: string, says: RegExp])[] = [
  ['unwindm does nothing',                 idle(cgocallbackg1Func3), 'recovered by who called C',      /m\.ncgo is 0x1, not 0x0/],
  ['the thread stays locked',              idle(unlockOSThread),     'recovered by who called C',      /m\.lockedInt is 0x1, not 0x0/],
  ['unwindm does nothing, one level down', idle(cgocallbackg1Func3), 'recovered one of two levels up', /_cgoexp_middle, recovered: m\.ncgo is 0x2, not 0x1/],
];

test.each(broken)('%s: the scenario notices', (_, model, name, says) => {
  const scenario = scenarioNamed('panic-out-of-callback');
  const changed = { ...scenario, models: (s: Situation) => [model, ...scenario.models!(s)] };
  const situation = scenario.situations.find((s) => s.name === name)!;
  const { findings } = runCase(
    { scenario: changed, situation, stack: 'curg', residue: 0, seed: 0n, fail: [] },
    ownStubs(),
  );
  expect(findings.map((f) => f.message).join('\n')).toMatch(says);
});
