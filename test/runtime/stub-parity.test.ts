/**
 * Our stubs do what Go's do: each is run in the same situations as Go's own assembly, read from GOROOT, and everything
 * that is seen of the two runs must be the same (parity/rig.ts says what is seen and what is not).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { goLibrary, stubs } from '#runtime/stubs.ts';
import { hostFiles, stubsDir } from '../../src/cli/files.ts';
import { gcc, hasGcc, missingGcc } from '../emu/programs/compile.ts';
import { goroot, missingGo } from '../witness/go.ts';
import { own, ownStubs } from './fixture.ts';
import { futex, nothing, schedYield, thread, usleep } from './parity/c.ts';
import { observeAll, rows } from './parity/index.ts';
import { AT, Program } from './parity/program.ts';
import type { Row } from './parity/row.ts';

const ours = new Program(ownStubs());

/** What Go has not in its own assembly, and where else it is looked at. */
const elsewhere: Readonly<Record<string, string>> = {
  crosscall_amd64: 'below, against gcc_amd64.S',
  usleep: 'below: it is from libc',
  sched_yield: 'below: it is from libc',
  futex: 'below: libc makes this call',
};

test('every stub of ours is compared', () => {
  const names = own.objects.flatMap((o) => o.functions.map((f) => f.symbol.name.replace(/^\./, 'runtime.')));
  expect(names.filter((n) => !(n in elsewhere)).sort()).toEqual(rows.map((r) => r.stub).sort());
});

describe.skipIf(!goroot)(`as Go's own assembly${goroot ? '' : ` (${missingGo})`}`, () => {
  const go = new Program(stubs(goLibrary(goroot ?? '', undefined, stubsDir(), hostFiles)));

  test.each(rows.map((r) => [r.stub, r] as const))('%s', (_, row) => {
    expect(observeAll(ours, row)).toEqual(observeAll(go, row));
  });
});

/** gcc_amd64.S as the C toolchain assembles it; it refers to nothing outside. */
function crosscall(): Program {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-gcc-'));
  const [object, binary] = [join(dir, 'crosscall.o'), join(dir, 'crosscall')];
  try {
    execFileSync(gcc!, ['-c', join(goroot!, 'src/runtime/cgo/gcc_amd64.S'), '-o', object]);
    execFileSync('objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
    const bytes = new Uint8Array(readFileSync(binary));
    const [address, size] = [AT.image, bytes.length];
    return new Program({
      sections: [{ name: '.text', address, size, bytes }],
      symbols: [{ name: thread.stub, abi: 'ABI0', address, size, function: undefined }],
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const missing = goroot ? missingGcc : missingGo;
const hasBoth = goroot !== undefined && hasGcc;
test.skipIf(!hasBoth)(`crosscall_amd64 does what gcc_amd64.S does${hasBoth ? '' : ` (${missing})`}`, () => {
  expect(observeAll(ours, thread)).toEqual(observeAll(crosscall(), thread));
});

describe('what C calls of its library', () => {
  /** Without the registers that C keeps for its caller; those are looked at below. */
  const seen = (r: Row): string[] => observeAll(ours, r).map((s) => s.replace(/(returned ).*(EAX=\S+).*/, '$1$2'));
  const timespec = (seconds: bigint, nanoseconds: bigint): string =>
    [...new Uint8Array(new BigUint64Array([seconds, nanoseconds]).buffer)].join(',');
  const sleep = (what: string, seconds: bigint, nanoseconds: bigint, result: string): unknown[] => [
    `${what}, RSP mod 16 = 8`,
    expect.stringMatching(
      new RegExp(`^nanosleep\\(g0\\.hi-0x[0-9a-f]+, 0x0\\) reads ${timespec(seconds, nanoseconds)} on g0 \\{\\}$`),
    ),
    `returned EAX=${result}`,
  ];

  test('usleep', () => {
    expect(seen(usleep)).toEqual([
      ...sleep('0 µs', 0n, 0n, '0'),
      ...sleep('1 µs', 0n, 1000n, '0'),
      ...sleep('999999 µs', 0n, 999_999_000n, '0'),
      ...sleep('4294967295 µs', 4294n, 967_295_000n, '0'),
      ...sleep('2 µs', 0n, 2000n, 'ffffffff'),
    ]);
  });

  test('sched_yield', () => {
    expect(seen(schedYield)).toEqual([
      'yields, RSP mod 16 = 8',
      'sched_yield() on g0 {}',
      'returned EAX=0',
      'may not, RSP mod 16 = 8',
      'sched_yield() on g0 {}',
      'returned EAX=ffffffff',
    ]);
  });

  test('futex', () => {
    const call = expect.stringMatching(/^futex\(0x1234, 0x80, 0x7, 0x5678, .*\) on g0 \{\}$/);
    expect(seen(futex)).toEqual([
      'woken, RSP mod 16 = 8',
      call,
      'returned EAX=0',
      'another value, RSP mod 16 = 8',
      call,
      'returned EAX=fffffff5',
    ]);
  });

  test('all give C its registers back', () => {
    const kept = (r: Row): string[] =>
      observeAll(ours, r).flatMap((s) => /^returned .*/.exec(s.replace(/EAX=\S+ /, '')) ?? []);
    const untouched = kept(nothing)[0];
    expect(untouched).toMatch(/^returned BX=.* BP=.* R15=.* SP=/);
    expect(new Set([...kept(usleep), ...kept(schedYield), ...kept(futex)])).toEqual(new Set([untouched]));
  });
});
