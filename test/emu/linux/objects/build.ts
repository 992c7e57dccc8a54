/** gcc and the objects of this folder: compiled, linked here, mapped into a machine, called. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { R } from '../../../../src/emu/cpu/layout.ts';
import type { MakeEngine } from '../../../../src/emu/engine/engine.ts';
import { type LinkedObjects, linkObjects } from '../../../../src/emu/linux/elf-link.ts';
import { type ElfObject, readObject } from '../../../../src/emu/linux/elf-object.ts';
import { Machine } from '../../../../src/emu/machine.ts';
import { PROT } from '../../../../src/emu/mem/layout.ts';
import { gcc } from '../../programs/compile.ts';

export const objects = resolve('test/emu/linux/objects');
export const dir = mkdtempSync(join(tmpdir(), 'callgate-objects-'));

/** The ways in which C is compiled: each has relocations that the others have not. */
// biome-ignore format: table
export const BUILDS = {
  'O0':             ['-O0', '-fPIE'],
  'O2':             ['-O2', '-fPIE'],
  'O2 PIC':         ['-O2', '-fPIC'],
  'O2 no PIC':      ['-O2', '-fno-pic'],
  'O2 no PLT':      ['-O2', '-fPIC', '-fno-plt'],
  'O0 no PIC':      ['-O0', '-fno-pic'],
  'O2 large':       ['-O2', '-fno-pic', '-mcmodel=large'],
  'O2 large PIC':   ['-O2', '-fPIC', '-mcmodel=large'],
  'Os per section': ['-Os', '-g', '-fPIE', '-ffunction-sections', '-fdata-sections'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Build = keyof typeof BUILDS;

/** The path of what gcc makes of a source file: of this folder, or with `text` for its contents. */
export function compiled(name: string, flags: readonly string[], text?: string): string {
  const source = text === undefined ? join(objects, name) : join(dir, name);
  if (text !== undefined) writeFileSync(source, text);
  const output = join(dir, `${name}-${flags.join('')}.o`);
  const all = [
    '-c',
    '-fcommon',
    '-fno-stack-protector',
    '-fno-tree-loop-distribute-patterns',
    '-Wall',
    '-Wextra',
    `-I${objects}`,
    ...flags,
    source,
  ];
  execFileSync(gcc!, [...all, '-o', output], { stdio: ['ignore', 'ignore', 'pipe'] });
  return output;
}

export const read = (path: string): ElfObject => readObject(readFileSync(path), basename(path).replace(/-.*/, ''));

export const object = (name: string, flags: readonly string[], text?: string): ElfObject =>
  read(compiled(name, flags, text));

const STACK = 0x7fff_ff70_0000n;
const STACK_SIZE = 0x1_0000n;
/** RSP at the entry of a function that is called here: a multiple of 16 before the call pushed 8 bytes. */
export const ENTRY_SP = STACK + STACK_SIZE - 0x100n - 8n;
const BUDGET = 5_000_000;

/** Linked objects in a machine whose `outside` is the host's. */
export class Loaded {
  readonly machine: Machine;
  readonly linked: LinkedObjects;
  readonly #exit: bigint;
  /** Called whenever C calls `outside`, with RSP at the return address. */
  onOutside: (() => void) | undefined;

  constructor(parts: readonly ElfObject[], base: bigint, engine?: MakeEngine) {
    this.machine = new Machine({ gateBase: base + 0x100_0000n, ...(engine && { engine }) });
    const { mem, gates, cpu, symbols } = this.machine;
    this.#exit = gates.add('exit', [], () => this.machine.end({ kind: 'done' }));
    const outside = gates.add('outside', [], () => {
      this.onOutside?.();
      cpu.setGpr(R.ax, BigInt.asUintN(64, 3n * cpu.gpr(R.di) + 1n));
      cpu.rip = mem.read(cpu.gpr(R.sp), 8);
      cpu.setGpr(R.sp, cpu.gpr(R.sp) + 8n);
    });
    this.linked = linkObjects(parts, { base, external: (name) => (name === 'outside' ? outside : undefined) });
    for (const s of this.linked.sections) {
      mem.map(s.address, BigInt(s.size), s.prot, s.name);
      mem.pokeBytes(s.address, s.bytes);
    }
    symbols.add(this.linked.symbols.map((s) => ({ ...s, lines: [] })));
    mem.map(STACK, STACK_SIZE, PROT.read | PROT.write, 'stack');
  }

  /** Call a C function: its result as a signed 64-bit number. */
  call(name: string, ...args: readonly bigint[]): bigint {
    const { cpu, mem, symbols } = this.machine;
    mem.write(ENTRY_SP, 8, this.#exit);
    cpu.setGpr(R.sp, ENTRY_SP);
    for (const [i, n] of [R.di, R.si].entries()) cpu.setGpr(n, BigInt.asUintN(64, args[i] ?? 0n));
    cpu.rip = symbols.named(name)!.address;
    const ending = this.machine.run(BUDGET);
    if (ending.kind !== 'done') throw new Error(`${name} ended with ${JSON.stringify(ending, (_, v) => String(v))}`);
    return BigInt.asIntN(64, cpu.gpr(R.ax));
  }
}
