/** A program in a machine of its own: an ELF file read, mapped, named and about to run its first instruction. */
import { readElf } from './linux/elf.ts';
import { type Start, startElf } from './linux/elf-start.ts';
import { Machine, type MachineOptions } from './machine.ts';

/** Between the mappings and the stack, where no program is: nothing of ours is in a program's way. */
const GATES = 0x7fff_f7ff_f000n;

/** Throws ElfError on a file that cannot be run. */
export function loadProgram(
  file: Uint8Array,
  start: Start,
  options: Omit<MachineOptions, 'gateBase' | 'heapStart'> = {},
): Machine {
  const program = readElf(file);
  const machine = new Machine({ ...options, gateBase: GATES, heapStart: program.end });
  startElf(machine.mem, machine.cpu, program, start, machine.model);
  machine.symbols.add(program.symbols.map((s) => ({ ...s, lines: [], pcsp: [] })));
  return machine;
}
