/** R1: a callback's results, written by the runtime, and MemorySanitizer. */
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import { reflectcallmove } from '#runtime/go/go1.15/reflectcallmove.ts';
import { sites } from '#runtime/model.ts';
import { Checked, known } from '#runtime/sanitizer/checked.ts';
import { msanCallbackResult, wrapperOfGoFn } from '#runtime/scenarios/msan-callback-result.ts';
import { atEveryResidue, found, replacing, run } from './run.ts';

const without = { without: ['msanwrite'] } as const;
const from = (first: number, end: number): bigint[] => Array.from({ length: end - first }, (_, i) => BigInt(first + i));

describe('without msanwrite', () => {
  const broken = run(msanCallbackResult, without);

  test('C uses a result that nobody has written, says MSan, and the program exits with 1', () => {
    expect(broken.ending).toEqual({ kind: 'exit', status: 1 });
    const frames =
      /^ {4}#0 0x[0-9a-f]+ in f\n {4}#1 0x[0-9a-f]+ in _cgo_Cfunc_f\n {4}#2 0x[0-9a-f]+ in runtime\.asmcgocall stack\.s:\d+\n$/;
    const [title, ...rest] = broken.output.split(/(?<=\n)/);
    expect(title).toBe('==1000==WARNING: MemorySanitizer: use-of-uninitialized-value\n');
    expect(rest.slice(0, 3).join('')).toMatch(frames);
    expect(rest.slice(3).join('')).toBe('\nSUMMARY: MemorySanitizer: use-of-uninitialized-value in f\nExiting\n');
  });

  test('the report names the eight bytes of the result', () => {
    const [, arg] = broken.world.noted('cb')!;
    expect(found(broken)).toEqual([
      `msan: MemorySanitizer: use-of-uninitialized-value in f: 8 of the 8 bytes at 0x${(arg! + 8n).toString(16)} were never written`,
    ]);
    // The bytes themselves are there: only their shadow says otherwise.
    expect(broken.world.machine.mem.peek(arg! + 8n, 8)).toBeGreaterThan(0n);
    expect(broken.world.noted('unwritten')).toEqual(from(8, 24));
  });

  test('at every alignment of RSP', () => {
    const endings = atEveryResidue(msanCallbackResult, without).map((r) => r.ending);
    expect(endings).toEqual(Array(16).fill({ kind: 'exit', status: 1 }));
  });
});

describe('with msanwrite', () => {
  const mended = run(msanCallbackResult);

  test('no report, at any alignment of RSP', () => {
    const all = atEveryResidue(msanCallbackResult);
    expect(all.flatMap(found)).toEqual([]);
    expect(all.map((r) => [r.ending.kind, r.output])).toEqual(Array(16).fill(['done', '']));
  });

  test('the hook gets the block of arguments that crosscall2 was given, and the byte after it stays as it was', () => {
    const [address, size] = mended.world.noted('__msan_write_go')!;
    const [, arg, argsize] = mended.world.noted('cb')!;
    expect([address, size]).toEqual([arg, argsize]);
    expect(argsize).toBe(16n);
    expect(mended.world.machine.stackAt(arg!)).toBe('g0 stack');
    expect(mended.world.noted('unwritten')).toEqual(from(16, 24));
  });

  test("the hook runs on g0's stack, aligned, while TLS names the goroutine", () => {
    const [, , , entry, g] = mended.world.noted('__msan_write_go')!;
    expect(mended.world.machine.stackAt(entry!)).toBe('g0 stack');
    expect(entry! % 16n).toBe(8n);
    expect(g).toBe(mended.world.curg.at);
  });
});

describe('without msanwrite, and without the cause', () => {
  test('a block that the wrapper has zeroed, as since Go 1.16: no report', () => {
    const zeroed = replacing(msanCallbackResult, wrapperOfGoFn(true));
    expect(found(run(zeroed, without))).toEqual([]);
  });

  test('a copy that tells MSan, by msanmove: no report', () => {
    const told = replacing(msanCallbackResult, {
      ...reflectcallmove,
      sites: sites('msanmove'),
      *body(f) {
        [R.bx, R.cx, R.di].forEach((n, i) => f.set(8 * i, f.reg(n)));
        yield { site: 'msanmove', target: 'runtime.msanmove', convention: 'ABI0' };
        return undefined;
      },
    });
    expect(found(run(told, without))).toEqual([]);
  });

  test('a result that C does not look at: no report', () => {
    const f = msanCallbackResult.models!(msanCallbackResult.situations[0]!).find((m) => m.name === 'f')!;
    const blind = replacing(msanCallbackResult, {
      ...f,
      *body(frame) {
        const c = new Checked(frame, { offset: 8, size: 4 });
        frame.setReg(R.di, frame.slot(8));
        yield { site: 'GoFn', target: 'GoFn', convention: 'C' };
        c.returns(known(1n));
        return undefined;
      },
    });
    expect(found(run(blind, without))).toEqual([]);
  });
});
