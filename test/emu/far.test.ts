/** Returns and branches through a selector, to the one code segment there is: as on the host CPU. */
import { describe, expect, test } from 'vitest';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Random } from '#runtime/junk.ts';
import { randomState } from '../witness/cases.ts';
import { Bench } from '../witness/ours.ts';
import { outcomeText } from '../witness/outcome.ts';
import { CODE, DATA, hasSilicon, missingSilicon, onSilicon, type SiliconCase } from '../witness/silicon.ts';

/** 64-bit user code and its stack, as Linux has them. */
const [CS, SS] = [0x33n, 0x2bn];
const LANDING = CODE + 600n;
const STACK = 256;
const strict = { flags: 0, area: false };

type Words = readonly (readonly [size: number, value: bigint])[];
// biome-ignore format: table
const cases: readonly (readonly [name: string, code: string, words: Words])[] = [
  ['RETFL',       'cb',       [[4, LANDING], [4, CS]]],
  ['RETFL $24',   'ca1800',   [[4, LANDING], [4, CS]]],
  ['RETFQ',       '48cb',     [[8, LANDING], [8, CS]]],
  ['RETFQ $8',    '48ca0800', [[8, LANDING], [8, CS]]],
  ['RETFW',       '66cb',     [[2, LANDING], [2, CS]]],
  ['IRETQ',       '48cf',     [[8, LANDING], [8, CS], [8, 0x8d7n], [8, DATA + 512n], [8, SS]]],
  ['IRETL',       'cf',       [[4, LANDING], [4, CS], [4, 0x297n], [4, DATA + 512n], [4, SS]]],
  ['CALL far',    'ff1c24',   [[4, LANDING], [2, CS]]],
  ['JMP far',     'ff2c24',   [[4, LANDING], [2, CS]]],
];

function makeCase(code: string, words: Words, r: Random): SiliconCase {
  const before = randomState(r);
  const gprs = [...before.gprs];
  gprs[4] = DATA + BigInt(STACK);
  const data = before.data.slice();
  let at = STACK;
  for (const [size, value] of words) {
    for (let i = 0; i < size; i++) data[at++] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
  return { code: Buffer.from(code, 'hex'), before: { ...before, gprs, data } };
}

describe.skipIf(!hasSilicon)(`far returns and branches${hasSilicon ? '' : ` (${missingSilicon})`}`, () => {
  const bench = new Bench((parts) => new Interpreter(parts));
  const random = new Random(33n);
  test.each(cases)('%s', (_, code, words) => {
    const all = Array.from({ length: 20 }, () => makeCase(code, words, random));
    const silicon = onSilicon(all);
    all.forEach((c, i) => expect(outcomeText(c, bench.run(c), strict)).toBe(outcomeText(c, silicon[i]!, strict)));
  });

  test('another selector is refused', () => {
    const c = makeCase(
      '48cb',
      [
        [8, LANDING],
        [8, 0x23n],
      ],
      random,
    );
    expect(bench.run(c)).toMatchObject({ fault: { kind: 'protection' } });
  });
});
