/**
 * Vectors that a search has found, one a line, with their inputs: CODE | STATE | FLAGS | OUTCOME. STATE is what differs from
 * a plain one, FLAGS is a mask of those that mean nothing afterwards; STATE and OUTCOME are written as in outcome.ts.
 */
import { readFileSync } from 'node:fs';
import { userSelectors } from './ours.ts';
import { type Loose, outcomeText, parseOutcome } from './outcome.ts';
import { CODE, type CpuState, cleanX87, DATA, DATA_SIZE, type SiliconCase } from './silicon.ts';

export const FOUND = 'test/emu/silicon/found.txt';
/** Instructions that a block may take; the longest loops take a few hundred, REP counts as one. */
export const BUDGET = 5000;

export interface FoundCase {
  readonly c: SiliconCase;
  readonly loose: Loose;
  readonly silicon: string;
}

/** RSP and R13 in the data page, everything masked, and zeros. */
export const plainState: CpuState = {
  gprs: Array.from({ length: 16 }, (_, n) => (n === 4 ? DATA + 384n : n === 13 ? DATA + 64n : 0n)),
  flags: 0x202n,
  fsBase: 0n,
  gsBase: 0n,
  vectors: Array<bigint>(32).fill(0n),
  mxcsr: 0x1f80,
  x87: cleanX87,
  data: new Uint8Array(DATA_SIZE),
};

const EVERYTHING: Loose = { flags: 0, area: false };
const none = new Uint8Array();
const plain: SiliconCase = { code: none, before: plainState };

export function foundLine({ c, loose, silicon }: FoundCase): string {
  const asOutcome = { signal: 0, page: undefined, rip: CODE, selectors: userSelectors, after: c.before };
  const state = outcomeText(plain, asOutcome, EVERYTHING);
  return [Buffer.from(c.code).toString('hex'), state, loose.flags.toString(16), silicon].join(' | ');
}

export function readFound(): FoundCase[] {
  const lines = readFileSync(FOUND, 'utf8').trimEnd().split('\n');
  return lines
    .filter((l) => !l.startsWith('#'))
    .map((l) => {
      const [code, state, flags, silicon, ...more] = l.split(' | ');
      if (!silicon || more.length) throw new Error(`${FOUND}: '${l}' is not CODE | STATE | FLAGS | OUTCOME`);
      const { after } = parseOutcome(plain, state!);
      return {
        c: { code: Buffer.from(code!, 'hex'), before: after },
        loose: { flags: Number.parseInt(flags!, 16), area: false },
        silicon,
      };
    });
}
