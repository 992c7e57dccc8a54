/** All stubs that Go has too, with the situations to compare them in; and how a comparison is made. */
import type { Program } from './program.ts';
import { Rig } from './rig.ts';
import type { Case, Row } from './row.ts';
import { sanitizers } from './sanitizers.ts';
import { signals } from './signals.ts';
import { callbacks, switches } from './switches.ts';
import { sys } from './sys.ts';

export const rows: readonly Row[] = [...sys, ...switches, ...callbacks, ...sanitizers, ...signals];

/** Bytes by which RSP is off a multiple of 32: 8 mod 16, as at every C function's entry; 0 mod 16 for Go's as well. */
const residues = (row: Row): readonly number[] => (row.convention === 'C' ? [24] : [0, 24]);

/** What is seen of a stub in one situation, at each alignment. */
export const observe = (program: Program, row: Row, c: Case): string[] =>
  residues(row).flatMap((residue) => {
    const rig = new Rig(program, row, c, residue);
    rig.run();
    return [`${c.what}, RSP mod 16 = ${(32 - residue) % 16}`, ...rig.seen];
  });

export const observeAll = (program: Program, row: Row): string[] => row.cases.flatMap((c) => observe(program, row, c));
