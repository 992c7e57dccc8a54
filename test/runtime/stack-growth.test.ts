/** Stacks that grow: from prologues of models and of assembly, with what points into them; and when they must not. */
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '#runtime/frame.ts';
import { stack, sudog } from '#runtime/layout/go1.19.ts';
import { view } from '#runtime/layout/view.ts';
import type { Model } from '#runtime/model.ts';
import { callback, growStack, NUMBER, POINTER, runOf, X } from './callback.ts';

describe('a stack grows', () => {
  test('pointers that the maps tell of move along, numbers do not', () => {
    let before: { slot: bigint; hi: bigint } | undefined;
    const words: bigint[] = [];
    const told = callback({
      before: (f) => {
        before = { slot: f.slot(X), hi: view(f.mem, stack, f.g.stack).hi };
        return undefined;
      },
      *inGo(f) {
        yield* growStack(f, 8);
      },
      after: (f) => {
        words.push(f.get(POINTER), f.get(NUMBER), f.slot(X), view(f.mem, stack, f.g.stack).hi);
        // BP, which every frame on the way saved.
        words.push(f.reg(R.bp) - f.entry);
      },
    });
    expect(runOf(told)).toEqual({ kind: 'done' });
    const [pointer, number, x, hi, bp] = words;
    expect(bp).toBe(-8n);
    expect(pointer).toBe(x);
    expect(number).toBe(before!.slot);
    expect(hi! - x!).toBe(before!.hi - before!.slot);
    expect(told.world.findings).toEqual([]);
  });

  test('from the prologue that the assembler gives a function', () => {
    const words: bigint[] = [];
    const told = callback(
      {
        *before(f) {
          f.set(0, f.slot(X));
          f.set(8, f.slot(X));
          words.push(f.slot(X));
          yield { site: 'before', target: 'runtime.needsMuch', convention: 'ABI0' };
          words.push(f.slot(X), f.get(X), f.reg(R.bp) - f.entry);
        },
        after: () => {},
      },
      { assembly: NEEDS_MUCH },
    );
    const { world } = told;
    expect(runOf(told)).toEqual({ kind: 'done' });
    const [old, now, x, bp] = words;
    expect(bp).toBe(-8n);
    expect(now).not.toBe(old);
    expect(x).toBe(42n);
    expect(world.stacks.retired).toMatchObject([{ goid: 1n, delta: now! - old! }]);
    // What is left behind can be told from what anybody writes.
    expect(world.machine.mem.peek(old!, 8)).toBe(0xfcfc_fcfc_fcfc_fcfcn);
  });

  test('the context of a closure and the element that a goroutine waits for move along', () => {
    const words: bigint[] = [];
    const told = callback(
      {
        *before(f) {
          const waiting = view(f.mem, sudog, f.world.heap.persistent(sudog.size));
          waiting.elem = f.slot(X);
          f.g.waiting = waiting.at;
          f.setReg(R.dx, f.slot(X));
          yield { site: 'before', target: 'main.closure', convention: 'ABIInternal' };
          words.push(f.slot(X), waiting.elem, f.get(X));
          f.g.waiting = 0n;
        },
      },
      { more: [closure] },
    );
    expect(runOf(told)).toEqual({ kind: 'done' });
    expect(words).toEqual([words[0], words[0], 77n]);
    // At once to what the frame needs.
    const { lo, hi } = view(told.world.machine.mem, stack, told.world.curg.stack);
    expect([hi - lo, told.world.stacks.retired.length]).toEqual([0x10000n, 1]);
  });

  test('arguments that a prologue has spilled move along', () => {
    const seen: bigint[] = [];
    const told = callback(
      {
        *before(f) {
          f.setReg(R.ax, f.slot(X));
          f.setReg(R.bx, f.slot(X));
          yield { site: 'before', target: 'main.registers', convention: 'ABIInternal' };
          seen.push(f.slot(X));
          f.set(0, f.slot(X));
          yield { site: 'before', target: 'main.onStack', convention: 'ABI0' };
          seen.push(f.slot(X));
        },
      },
      { more: [registers, onStack] },
    );
    const { world } = told;
    expect(runOf(told)).toEqual({ kind: 'done' });
    const [first, second] = world.stacks.retired;
    expect(world.noted('registers')).toEqual([seen[0], seen[0]! - first!.delta]);
    expect(world.noted('onStack')).toEqual([seen[1]]);
    expect(seen[1]! - seen[0]!).toBe(second!.delta);
  });

  test.each([
    ['ends where newproc1 began the stack, wherever that is now', 8n, undefined],
    ['that ends elsewhere has not seen all', 16n, 'traceback did not unwind completely'],
  ])('a walk %s', (_, above, thrown) => {
    const tops: bigint[] = [];
    const told = callback({
      before: (f) => {
        f.mem.poke(f.entry, 8, f.world.addressOf('runtime.goexit') + 1n);
        f.g.stktopsp = f.entry + above;
        return undefined;
      },
      *inGo(f) {
        yield* growStack(f, 8);
      },
      after: (f) => {
        tops.push(f.g.stktopsp - f.entry);
        f.mem.poke(f.entry, 8, f.world.addressOf('callgate.exit'));
      },
    });
    runOf(told);
    expect([told.world.thrown, tops]).toEqual([thrown, thrown ? [] : [above]]);
  });

  test('a frame with locals and no map ends the move', () => {
    const told = callback(
      {
        *before() {
          yield { site: 'before', target: 'runtime.noMap', convention: 'ABI0' };
        },
      },
      { assembly: NO_MAP, more: [grows] },
    );
    expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
    expect(told.output()).toMatch(
      /^runtime: frame runtime\.noMap untyped locals 0x[0-9a-f]+\+0x10\nfatal error: missing stackmap\n/,
    );
  });

  test('a small number where a pointer should be ends it too', () => {
    const told = callback({
      before: (f) => {
        f.set(POINTER, 0xfffn);
        return undefined;
      },
      *inGo(f) {
        yield* growStack(f, 8);
      },
    });
    expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
    expect(told.output()).toMatch(
      /^runtime: bad pointer in frame main\.main at 0x[0-9a-f]+: 0xfff\nfatal error: invalid pointer found on stack\n/,
    );
  });

  test('deferred calls find their frame', () => {
    const told = callback({
      *inGo(f) {
        yield* growStack(f, 8);
      },
    });
    expect(runOf(told)).toEqual({ kind: 'done' });
    expect(told.world.m.lockedInt).toBe(0n);
    expect(told.world.curg._defer).toBe(0n);
  });

  test.each([
    [
      'between entersyscall and exitsyscall',
      (f: Frame) => {
        f.g.throwsplit = 1n;
      },
      'runtime: stack split at bad time',
      /^runtime: newstack at main\.grow\+0x20 sp=0x[0-9a-f]+ stack=\[0x[0-9a-f]+, 0x[0-9a-f]+\]\n\tmorebuf=\{pc:0x[0-9a-f]+ sp:0x[0-9a-f]+ lr:0x0\}\n\tsched=\{pc:0x[0-9a-f]+ sp:0x[0-9a-f]+ lr:0x0 ctxt:0x0\}\n(?:main\.grow\(.*\n\t.*\n)+_cgoexp_GoF\(/,
    ],
    [
      'in a system call',
      (f: Frame) => {
        f.g.syscallsp = f.sp;
      },
      'stack growth not allowed in system call',
      /./,
    ],
    [
      'of another goroutine',
      (f: Frame) => {
        f.m.curg = f.world.gsignal.at;
      },
      'runtime: wrong goroutine in newstack',
      /^runtime: newstack called from g=0x/,
    ],
    [
      'in a child of fork',
      (f: Frame) => {
        f.g.stackguard0 = 0xffff_ffff_ffff_fb2en;
      },
      'stack growth after fork',
      /./,
    ],
    [
      'below its low bound',
      (f: Frame) => {
        view(f.mem, stack, f.g.stack).lo = f.sp;
      },
      'runtime: split stack overflow',
      /runtime: split stack overflow: 0x/,
    ],
  ] as const)('not %s', (_, spoil, thrown, prints) => {
    const told = callback({
      *inGo(f) {
        spoil(f);
        yield* growStack(f, 8);
      },
    });
    expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
    expect(told.world.thrown).toBe(thrown);
    expect(told.output()).toMatch(prints);
  });

  test('not beyond a gigabyte', () => {
    const huge: Model = { ...grows, convention: 'ABIInternal', name: 'main.huge', frame: 0x4000_0000 };
    const told = callback(
      {
        *inGo() {
          yield { site: 'call', target: 'main.huge', convention: 'ABIInternal' };
        },
      },
      { more: [huge] },
    );
    expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
    expect(told.output()).toMatch(
      /^runtime: goroutine stack exceeds 1000000000-byte limit\nruntime: sp=0x[0-9a-f]+ stack=\[0x[0-9a-f]+, 0x[0-9a-f]+\]\nfatal error: stack overflow\n\nruntime stack:\nruntime\.newstack\(/,
    );
  });

  test('moves to one of the same size when told to', () => {
    const told = callback({
      *inGo(f) {
        f.g.stackguard0 = 0xffff_ffff_ffff_feedn;
        yield* growStack(f, 0);
      },
    });
    expect(runOf(told)).toEqual({ kind: 'done' });
    const { lo, hi } = view(told.world.machine.mem, stack, told.world.curg.stack);
    expect(hi - lo).toBe(0x2000n);
    expect(told.world.stacks.retired).toHaveLength(1);
  });

  test('does not give way while it holds a lock', () => {
    const guards: bigint[] = [];
    const told = callback({
      *inGo(f) {
        f.m.locks += 1n;
        f.g.stackguard0 = 0xffff_ffff_ffff_faden;
        yield* growStack(f, 0);
        guards.push(f.g.stackguard0 - view(f.mem, stack, f.g.stack).lo);
        f.m.locks -= 1n;
      },
    });
    expect(runOf(told)).toEqual({ kind: 'done' });
    expect(guards).toEqual([928n]);
    expect(told.world.stacks.retired).toEqual([]);
  });
});

const NEEDS_MUCH = `
#include "textflag.h"
#include "funcdata.h"
DATA pointsFirst<>+0(SB)/4, $1
DATA pointsFirst<>+4(SB)/4, $2
DATA pointsFirst<>+8(SB)/1, $1
GLOBL pointsFirst<>(SB), RODATA, $9
// func needsMuch(p *int, n uintptr)
TEXT ·needsMuch(SB), 0, $8192-16
	FUNCDATA $FUNCDATA_ArgsPointerMaps, pointsFirst<>(SB)
	NO_LOCAL_POINTERS
	MOVQ p+0(FP), AX
	CMPQ AX, n+8(FP)
	JEQ  unmoved
	MOVQ $42, 0(AX)
unmoved:
	RET
`;

const NO_MAP = `
#include "textflag.h"
TEXT ·noMap(SB), 0, $16-0
	CALL main·grows(SB)
	RET
`;

/** A closure with a large frame, which writes through its context. */
const closure: Model = {
  name: 'main.closure',
  convention: 'ABIInternal',
  frame: 0x9000,
  closure: true,
  sites: {},
  // biome-ignore lint/correctness/useYield: a leaf
  *body(f) {
    f.mem.write(f.reg(R.dx), 8, 77n);
    return undefined;
  },
};

/** A pointer and a number in registers; a pointer on the stack. Each needs more stack than there is. */
const registers: Model = {
  name: 'main.registers',
  convention: 'ABIInternal',
  frame: 0x2000,
  spills: 'pw',
  sites: {},
  // biome-ignore lint/correctness/useYield: a leaf
  *body(f) {
    f.world.note('registers', [f.reg(R.ax), f.reg(R.bx)]);
    return undefined;
  },
};
const onStack: Model = {
  name: 'main.onStack',
  convention: 'ABI0',
  frame: 0x8000,
  live: { '*': { args: [0] } },
  sites: {},
  // biome-ignore lint/correctness/useYield: a leaf
  *body(f) {
    f.world.note('onStack', [f.arg(0, 8)]);
    return undefined;
  },
};

/** Called by assembly: grows its stack by 8 KiB. */
const grows: Model = {
  name: 'main.grows',
  convention: 'ABI0',
  frame: 0x2000,
  sites: {},
  // biome-ignore lint/correctness/useYield: a leaf
  *body() {
    return undefined;
  },
};
