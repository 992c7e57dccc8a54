/** callgate exec: a static x86-64 Linux executable, run on the machine as a shell would run it. */
import { performance } from 'node:perf_hooks';
import { type CpuName, models } from '#emu/cpu/models.ts';
import type { MakeEngine } from '#emu/engine/engine.ts';
import { ElfError } from '#emu/linux/elf.ts';
import { signalNumber } from '#emu/linux/signals.ts';
import type { Machine } from '#emu/machine.ts';
import { loadProgram } from '#emu/program.ts';
import { endingText } from '#emu/trace/ending.ts';
import type { Ending } from '#emu/trace/event.ts';
import { instructionAt, trapAt } from '#emu/trace/report.ts';
import { hex } from '#emu/trace/text.ts';
import { fail } from '../fail.ts';
import { readBytes } from '../files.ts';
import { integer } from '../integer.ts';
import { writeAll } from '../output.ts';

export interface ExecOptions {
  readonly env: readonly string[];
  readonly seed: string;
  readonly budget?: string;
  readonly stats?: boolean;
  readonly cpu: CpuName;
}

/** As a shell says that a signal killed a program. */
const KILLED = 128;
/** As timeout(1): the program did not end in time. */
const BUDGET_USED = 124;
/** As env(1) and timeout(1): not the program's fault, but of what runs it. */
const CANNOT_GO_ON = 125;

/** Exit code: the program's own; 128 + n when signal n killed it. */
export function exec(path: string, args: readonly string[], options: ExecOptions, engine?: MakeEngine): number {
  const budget = options.budget === undefined ? Number.MAX_SAFE_INTEGER : Number(integer('--budget', options.budget));
  if (budget < 1) fail(`--budget ${options.budget}: give at least 1`);
  for (const e of options.env) if (e.indexOf('=') < 1) fail(`--env '${e}': give NAME=value`);
  const machine = load(path, args, options, engine);
  const begun = performance.now();
  const ending = machine.run(budget);
  const seconds = (performance.now() - begun) / 1000;
  if (ending.kind !== 'exit') say(`${path}: ${endingText(ending)}, ${place(machine, ending)}`);
  if (options.stats) {
    const rate = machine.retired / seconds;
    const shown = rate < 1e6 ? `${(rate / 1e3).toFixed(1)} k` : `${(rate / 1e6).toFixed(1)} M`;
    say(`${machine.retired} instructions in ${seconds.toFixed(3)} s: ${shown} instructions/s`);
  }
  return exitCode(ending);
}

function load(path: string, args: readonly string[], { env, seed, cpu }: ExecOptions, engine?: MakeEngine): Machine {
  const start = { path, args: [path, ...args], env, random: randomBytes(integer('--seed', seed)) };
  try {
    return loadProgram(readBytes(path), start, { output: writeAll, cpu: models[cpu], ...(engine && { engine }) });
  } catch (e) {
    if (e instanceof ElfError) fail(`${path}: ${e.message}`);
    throw e;
  }
}

/** What AT_RANDOM points at: the seed, little-endian. The same seed, the same run. */
function randomBytes(seed: bigint): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => Number((seed >> BigInt(8 * i)) & 0xffn));
}

function exitCode(ending: Ending): number {
  switch (ending.kind) {
    case 'exit':
      return ending.status;
    case 'signal':
      return KILLED + signalNumber(ending.signal);
    case 'budget':
      return BUDGET_USED;
    default:
      return CANNOT_GO_ON;
  }
}

/** Where the run ended: the function, RIP, the instruction. */
function place(machine: Machine, ending: Ending): string {
  const pc = placeOf(machine, ending);
  const name = machine.symbols.nameOf(pc);
  const insn = instructionAt(machine, pc);
  return `at ${name ? `${name} ` : ''}RIP=${hex(pc)}${insn ? `: ${insn}` : ''}`;
}

const SYSCALL_LENGTH = 2n;

/** The address of the instruction that ended it: breakpoints and system calls leave RIP behind themselves. */
function placeOf(machine: Machine, ending: Ending): bigint {
  if (ending.kind === 'signal' && ending.signal === 'SIGTRAP') return trapAt(machine);
  const isCall = ending.kind === 'unknown-syscall' || ending.kind === 'blocked';
  return machine.cpu.rip - (isCall ? SYSCALL_LENGTH : 0n);
}

const say = (line: string): void => writeAll(2, Buffer.from(`callgate: ${line}\n`));
