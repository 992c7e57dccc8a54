/** Stubs with one mistake each: the verdict names the check, the place and the instruction behind it. */
import { describe, expect, test } from 'vitest';
import { checkers } from '#emu/check/index.ts';
import { failures, ranges } from '../../src/cli/verdict-report.ts';
import { firstFindings, mutant, rowsOf, summary } from './fixture.ts';

interface Mutant {
  readonly what: string;
  readonly file: string;
  readonly change: readonly [from: string | RegExp, to: string];
  readonly scenario: string;
  /** The check that must speak first, and what its finding must say. */
  readonly check: string;
  readonly says: RegExp;
  /** Entry residues that break it. */
  readonly residues: string;
}

const align = (f: string): RegExp => new RegExp(`(TEXT [^\\n]*${f}\\(SB\\)[\\s\\S]*?)\\n\\tANDQ \\$~15, SP[^\\n]*`);

// biome-ignore format: table
const mutants: readonly Mutant[] = [
  { what: 'callCgoMmap does not align RSP',    file: 'mmap.s',      change: [align('callCgoMmap'), '$1'],                              scenario: 'mmap',       check: 'c-call-alignment', residues: '0–7, 9–15', says: /x_cgo_mmap called with RSP=0x[0-9a-f]+, which is \d+ mod 16.*the CALL before runtime\.callCgoMmap.*RSP was last changed by SUBQ \$0x18, SP at runtime\.callCgoMmap \(mmap\.s:\d+\)/ },
  { what: 'callCgoMunmap does not align RSP',  file: 'mmap.s',      change: [align('callCgoMunmap'), '$1'],                            scenario: 'munmap',     check: 'c-call-alignment', residues: '0–7, 9–15', says: /x_cgo_munmap called with RSP=/ },
  { what: 'callCgoSigaction does not align',   file: 'sigaction.s', change: [align('callCgoSigaction'), '$1'],                         scenario: 'sigaction',  check: 'c-call-alignment', residues: '0–7, 9–15', says: /x_cgo_sigaction called with RSP=/ },
  { what: 'asmcgocall does not align',         file: 'stack.s',     change: [/\n\tANDQ \$~15, SP/g, ''],                               scenario: 'asmcgocall', check: 'c-call-alignment', residues: '1–15',      says: /f called with RSP=.*last changed by SUBQ \$0x40, SP at runtime\.asmcgocall/ },
  { what: 'callCgoMmap returns 32 bits of 64', file: 'mmap.s',      change: [/(CALL AX\n\tMOVQ 0\(SP\), SP\n\t)MOVQ AX/, '$1MOVL AX'],  scenario: 'mmap',       check: 'full-result',      residues: 'all 16',    says: /callCgoMmap returned 0x[0-9a-f]+, x_cgo_mmap returned 0x712345678000: only the low 32 bits.*runtime\.callCgoMmap/ },
  { what: 'callCgoMmap forgets RSP',           file: 'mmap.s',      change: ['\tMOVQ 0(SP), SP\n\tMOVQ AX, ret', '\tMOVQ AX, ret'],     scenario: 'mmap',       check: 'rsp-restored',     residues: '0–7, 9–15', says: /RET took .* for its return address; its own is at .*runtime\.callCgoMmap.*RSP left its place with ANDQ \$-0x10, SP at runtime\.callCgoMmap/ },
  { what: 'BX is lost across the C call',      file: 'sigaction.s', change: ['\tCALL AX', '\tMOVQ DX, BX\n\tCALL AX'],                   scenario: 'sigaction',  check: 'rsp-restored',     residues: 'all 16',    says: /RSP left its place with MOVQ BX, SP|RET took/ },
  { what: 'RSP is kept in a register C owns',  file: 'sigaction.s', change: [/MOVQ SP, BX([\s\S]*)MOVQ BX, SP/, 'MOVQ SP, CX$1MOVQ CX, SP'], scenario: 'sigaction', check: 'rsp-on-stack',     residues: 'all 16',    says: /RSP became 0x[0-9a-f]+, which is on no stack.*CX was last changed by x_cgo_sigaction, which need not preserve it/ },
  { what: 'crosscall2 loses the caller\'s BX', file: 'crosscall.s', change: ['\tMOVQ 0(SP), BX\n', ''],                                scenario: 'callback',   check: 'callee-saved',     residues: '8',         says: /callsGo did not get its registers back: BX was .*crosscall2.*BX was last changed by .*runtime\.cgocallback/ },
  { what: 'crosscall2 loses R15',              file: 'crosscall.s', change: ['\tMOVQ 32(SP), R15\n', '\tMOVQ 0(SP), R15\n'],           scenario: 'callback',   check: 'callee-saved',     residues: '8',         says: /R15 was/ },
  { what: 'the direction flag is left set',    file: 'mmap.s',      change: ['\tCALL AX', '\tSTD\n\tCALL AX'],                           scenario: 'mmap',       check: 'direction-flag',   residues: 'all 16',    says: /x_cgo_mmap entered with the direction flag set/ },
  { what: 'an argument register is swapped',   file: 'mmap.s',      change: ['MOVL prot+16(FP), DX\n\tMOVL flags+20(FP), CX', 'MOVL prot+16(FP), CX\n\tMOVL flags+20(FP), DX'], scenario: 'mmap', check: 'arguments', residues: 'all 16', says: /x_cgo_mmap received \(.*mmap was given/ },
  { what: 'an errno passes for a pointer',     file: 'mmap.s',      change: ['JLS  mapped', 'JMP  mapped'],                             scenario: 'mmap-syscall', check: 'errno',          residues: 'all 16',    says: /mmap returned \(0xf+4, 0\), not \(nil, ENOMEM=12\)/ },
  { what: 'sysMunmap hides a failure',         file: 'mmap.s',      change: ['\tMOVL $0xf1, 0xf1', '\t'],                                scenario: 'munmap-syscall', check: 'unmapped',     residues: 'all 16',    says: /still mapped after munmap/ },
  { what: 'asmcgocall stores 64 bits',         file: 'stack.s',     change: [/MOVL AX, ret\+16\(FP\)/g, 'MOVQ AX, ret+16(FP)'],         scenario: 'asmcgocall', check: 'result',           residues: 'all 16',    says: /stored more than 32 bits/ },
  { what: 'cgocallback leaves g0.sched.sp',    file: 'cgo.s',       change: [/(\tMOVQ 0\(SP\), AX\n)\tMOVQ AX, \(g_sched\+gobuf_sp\)\(SI\)\n/, '$1'], scenario: 'callback', check: 'g0-sched', residues: 'all 16', says: /g0\.sched\.sp is/ },
  { what: 'asmcgocall keeps SP, not its depth', file: 'stack.s',     change: [/SUBQ DX, DI\n\tMOVQ DI, CGOCALL_DEPTH\(SP\)([\s\S]*?)MOVQ \(g_stack\+stack_hi\)\(DI\), SI\n\tSUBQ CGOCALL_DEPTH\(SP\), SI/, 'MOVQ DX, CGOCALL_DEPTH(SP)$1MOVQ CGOCALL_DEPTH(SP), SI'], scenario: 'moving-stack', check: 'rsp-on-stack', residues: 'all 16', says: /RSP became 0xc000[0-9a-f]+, which is on no stack.*MOVQ SI, SP in runtime\.asmcgocall/ },
  { what: 'cgocallback keeps the borrowed M',  file: 'cgo.s',       change: ['\tJNE  done', '\tJMP  done'],                            scenario: 'callback-c-thread', check: 'g',         residues: '8',         says: /the thread kept g 0x/ },
  { what: 'gogo forgets R14',                  file: 'stack.s',     change: ['\tMOVQ DX, R14\n\tMOVQ gobuf_sp', '\tMOVQ gobuf_sp'],      scenario: 'mcall',      check: 'callee-saved', residues: 'all 16',    says: /main\.mcall did not get its registers back: R14 was/ },
];

describe('mutants', () => {
  test.each(mutants.map((m) => [m.what, m] as const))('%s', (_, m) => {
    const rows = rowsOf(mutant(m.file, m.change), [m.scenario]);
    const found = firstFindings(rows);
    expect(found.length, 'nobody noticed').toBeGreaterThan(0);
    const hit = failures(rows).find((f) => f.finding.check === m.check);
    expect(hit, found.slice(0, 3).map(summary).join('\n')).toBeDefined();
    expect(summary(hit!.finding)).toMatch(m.says);
    expect(ranges(hit!.residues)).toBe(m.residues);
  });

  test('every checker has a mutant on which it speaks', () => {
    const covered = new Set(mutants.map((m) => m.check));
    expect(checkers.map((c) => c.name).filter((name) => !covered.has(name))).toEqual([]);
  });
});
