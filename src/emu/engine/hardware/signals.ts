/** The signals of the host's Linux, turned back into the CPU's faults (arch/x86/kernel/traps.c, arch/x86/mm/fault.c). */
import type { Cpu } from '../../cpu/cpu.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { Fault } from '../../mem/fault.ts';
import { PROT } from '../../mem/layout.ts';
import type { Memory } from '../../mem/memory.ts';
import { BUS_ADRALN, FPE_INTDIV, SI_KERNEL, SIG } from './kernel.ts';

export interface Raised {
  readonly signal: number;
  readonly code: number;
  readonly address: bigint;
}

/** The signal came from a page fault: `address` is CR2. */
export const isPageFault = ({ signal, code }: Raised): boolean => signal === SIG.SEGV && code !== SI_KERNEL;

/** x87: an exception is pending. */
const ES = 1 << 7;

/**
 * What silicon has said. Linux keeps the page fault's error code to itself, and gives no reasons: what `expected`, our
 * own reading of the instruction, says of those is taken where both mean the same fault.
 */
export function faultOf(r: Raised, insn: Instruction, cpu: Cpu, mem: Memory, expected: Fault | undefined): Fault {
  const fault = bareFault(r, insn, cpu, mem);
  if (expected?.kind !== fault.kind) return fault;
  if (expected.kind === 'page' && fault.kind === 'page' && expected.address !== fault.address) return fault;
  return expected;
}

function bareFault(r: Raised, insn: Instruction, cpu: Cpu, mem: Memory): Fault {
  const detail = `the host's CPU refuses ${insn.form.name}`;
  switch (r.signal) {
    case SIG.SEGV:
      return isPageFault(r) ? pageFault(r.address, mem) : { kind: 'protection', detail };
    case SIG.BUS:
      // #AC has no kind of its own: the interpreter does not check alignment under RFLAGS.AC.
      if (r.code === BUS_ADRALN) return { kind: 'protection', detail: 'misaligned, and RFLAGS.AC is set' };
      return { kind: 'stack', detail };
    case SIG.ILL:
      return { kind: 'undefined', detail };
    default:
      return r.code === FPE_INTDIV ? { kind: 'divide' } : { kind: isX87(insn, cpu) ? 'x87' : 'simd' };
  }
}

/** Where the page may be read, it was not a read that failed. */
function pageFault(address: bigint, mem: Memory): Fault {
  const region = mem.find(address);
  const access = region && region.prot & PROT.read ? 'write' : 'read';
  return { kind: 'page', address, access, size: 1, mapped: region !== undefined };
}

/** #MF and #XM make the same signal. Rows on both files (CVTPI2PS) wait for the x87 first. */
function isX87({ operands }: Instruction, cpu: Cpu): boolean {
  if (!operands.some((p) => p.in === 'xmm')) return true;
  return operands.some((p) => p.in === 'mmx') && (cpu.fsw & ES) !== 0;
}
