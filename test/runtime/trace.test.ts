/** A trace is a function of its input: the same bytes for the same seed, and only junk differs for another. */
import { describe, expect, test } from 'vitest';
import { traceJson } from '#emu/trace/ndjson.ts';
import { traceHeader, traceText } from '#emu/trace/text.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { BUDGET, runCase } from '#runtime/verdict.ts';
import { ownStubs, scenarioNamed } from './fixture.ts';

type Format = 'json' | 'text';

function trace(name: string, seed: bigint, format: Format = 'json', situation = 0): string[] {
  const scenario = scenarioNamed(name);
  const lines: string[] = [];
  const c = {
    scenario,
    situation: scenario.situations[situation]!,
    stack: scenario.stacks.includes('curg') ? 'curg' : scenario.stacks[0]!,
    residue: 0,
    seed,
    fail: [],
  } as const;
  runCase(c, ownStubs(), BUDGET, ({ machine }) => (e) => {
    const line = format === 'json' ? traceJson(e, machine.symbols) : traceText(e, machine.symbols);
    if (line !== undefined) lines.push(line);
  });
  return lines;
}

const asInt = (hex: string): string => String(BigInt.asIntN(32, BigInt(hex)));

interface InsnRecord {
  readonly kind: string;
  readonly registers: Readonly<Record<string, string>>;
  readonly memory: readonly { readonly value: string }[];
}

/** An instruction's record but for the values it writes; RSP's is a place. */
function withoutValues(record: InsnRecord): object {
  expect(record.kind).toBe('insn');
  const { SP, ...others } = record.registers;
  const memory = record.memory.map((m) => ({ ...m, value: 'a value' }));
  return { ...record, registers: [SP, Object.keys(others)], flags: 'some', memory };
}

describe.each(scenarios.map((s) => s.name))('%s', (name) => {
  test('two runs give the same bytes', () => {
    expect(trace(name, 0n)).toEqual(trace(name, 0n));
    expect(trace(name, 0n, 'text')).toEqual(trace(name, 0n, 'text'));
  });

  test('another seed changes the junk values and nothing else', () => {
    const [a, b] = [trace(name, 0n), trace(name, 7n)];
    expect(b.length).toBe(a.length);
    // Wherever B shows junk, of the latest host function that left any, put A's: then the two are the same.
    const back = new Map<string, string>();
    b.forEach((line, i) => {
      const [mine, theirs] = [JSON.parse(a[i]!), JSON.parse(line)];
      // What a C function without a result leaves in EAX is what Go shows for it.
      const result = back.get(theirs.result) ?? theirs.result;
      for (const [register, v] of Object.entries<string>(theirs.junk ?? {})) {
        back.set(v, mine.junk[register]);
        back.set(asInt(v), asInt(mine.junk[register]));
      }
      if (theirs.junk) return expect({ ...theirs, result, junk: mine.junk }).toEqual(mine);
      if (line.replace(/0x[0-9a-f]+/g, (v) => back.get(v) ?? v) === a[i]) return;
      // Part of a junk word, or one copied through memory: the same instruction, and the same places.
      expect(withoutValues(theirs)).toEqual(withoutValues(mine));
    });
    if (back.size) expect(b).not.toEqual(a);
  });
});

test('the trace of mmap from a goroutine, in what matters', () => {
  const lines = trace('mmap', 0n).map((l) => JSON.parse(l));
  const story = lines.map((e) => {
    if (e.kind === 'insn') return undefined;
    if (e.kind === 'stack') return `${e.from} -> ${e.to}`;
    if (e.kind === 'enter') return `> ${e.name} ${e.rspMod16}`;
    if (e.kind === 'syscall') return e.text;
    return undefined;
  });
  expect(story.filter(Boolean)).toEqual([
    '> main.mmap 8',
    '> runtime.mmap 8',
    'curg stack -> g0 stack',
    '> runtime.mmap.func1 8',
    '> x_cgo_mmap 8',
    'mmap(0x712345678000, 135168, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0x9a000) = 0x712345678000',
    'g0 stack -> curg stack',
  ]);
  const first = lines.find((e) => e.kind === 'insn');
  expect(first).toEqual({
    kind: 'insn',
    n: 1,
    address: '0x4012c0',
    symbol: 'runtime.systemstack',
    source: expect.stringMatching(/^stack\.s:\d+$/),
    bytes: '488b7c2408',
    text: 'MOVQ 0x8(SP), DI',
    rspMod16: 0,
    registers: { DI: expect.stringMatching(/^0xc0/) },
    flags: {},
    memory: [],
  });
  expect(lines.at(-1)).toEqual({ kind: 'end', ending: { kind: 'done' } });
});

test('the text form lines up under its header', () => {
  const lines = trace('mmap', 0n, 'text').filter((l) => /^ *\d+ /.test(l));
  expect(lines.length).toBeGreaterThan(40);
  expect(lines[0]).toMatch(
    /^ {5}1 {6}0 {2}runtime\.systemstack\+0x00 +stack\.s:\d+ +48 8b 7c 24 08 +MOVQ 0x8\(SP\), DI +DI=0xc0/,
  );
  for (const name of ['ADDRESS', 'SOURCE', 'BYTES', 'INSTRUCTION']) {
    const at = traceHeader().indexOf(name);
    expect(
      lines.filter((l) => !/^ \S/.test(l.slice(at - 1))),
      name,
    ).toEqual([]);
  }
});

test('an injected failure is marked', () => {
  expect(trace('mmap', 0n, 'text', 1).join('\n')).toMatch(
    /mmap\(.*\) = -1 ENOMEM \(Cannot allocate memory\) \(INJECTED\)/,
  );
});
