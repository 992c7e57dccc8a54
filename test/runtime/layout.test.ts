/** Our layouts of Go's structs against those of the toolchain itself: offsets and sizes, one by one. */
import { describe, expect, test } from 'vitest';
import { structs } from '#runtime/layout/go1.19.ts';
import type { Struct } from '#runtime/layout/struct.ts';
import { generate } from '../../src/cli/goroot.ts';
import { goroot } from '../witness/go.ts';

describe.skipIf(!goroot)('layouts of Go 1.19 (needs a GOROOT: CALLGATE_GOROOT)', () => {
  test('are those that the compiler writes into go_asm.h', () => {
    const header = generate(goroot!);
    const theirs = new Map(
      [...header.matchAll(/^#define (\S+) (\d+)$/gm)].map(([, name, value]) => [name!, Number(value)]),
    );
    const all: readonly Struct[] = structs;
    const ours = all.flatMap(({ name, size, fields }) => [
      [`${name}__size`, size] as const,
      ...Object.entries(fields).map(([field, [offset]]) => [`${name}_${field}`, offset] as const),
    ]);
    const wrong = ours.filter(([name, value]) => theirs.get(name) !== value);
    expect(wrong.map(([name, value]) => `${name} is ${theirs.get(name)}, not ${value}`)).toEqual([]);
    expect(ours.length).toBeGreaterThan(150);
  }, 120_000);
});
