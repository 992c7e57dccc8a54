/** unicorn.js in this process, where the package is installed: the program's memory as our loader laid it out. */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { R } from '#emu/cpu/layout.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { machineFor } from './inside.ts';
import { run } from './process.ts';
import { calibrate, type Program, type Sample, type Subject } from './subject.ts';

interface Engine {
  reg_read_i64(id: number): bigint;
  reg_write_i64(id: number, value: bigint): void;
  mem_map(at: bigint, size: number, rights: number): void;
  mem_read(at: bigint, size: number): Uint8Array;
  mem_write(at: bigint, bytes: Uint8Array): void;
  hook_add(type: number, call: () => void, data: undefined, begin: number, end: number, insn: number): unknown;
  emu_start(begin: bigint, until: bigint, timeout: number, count: number): void;
  emu_stop(): void;
  close(): void;
}
type Module = { readonly Unicorn: new (arch: number, mode: number) => Engine } & Readonly<Record<string, number>>;

/** Undefined when the package is not here. */
export async function unicornJs(): Promise<Subject | undefined> {
  const require = createRequire(import.meta.url);
  let file: string;
  try {
    file = require.resolve('@alexaltea/unicorn-js/x86');
  } catch {
    return undefined;
  }
  const module = (await (require(file) as () => Promise<unknown>)()) as Module;
  const prepare = ({ path, each }: Program, seconds: number) => {
    if (timed(module, path, 2).out !== run([path, '2']).out) throw new Error('gives another result than the host');
    const repeats = calibrate(seconds, (n) => timed(module, path, n).seconds);
    return (): Sample => ({ warm: (each * repeats) / timed(module, path, repeats).seconds });
  };
  return { name: 'unicorn.js', ours: false, role: 'plain', prepare };
}

function timed(m: Module, path: string, repeats: number): { seconds: number; out: string } {
  const id = (name: string): number => m[name]!;
  const uc = new m.Unicorn(id('ARCH_X86'), id('MODE_64'));
  const { mem, cpu } = machineFor(path, repeats, (parts) => new Interpreter(parts));
  for (const r of mem.regions.filter((x) => x.name !== '[gates]')) {
    uc.mem_map(r.start, Number(r.end - r.start), r.prot);
    uc.mem_write(r.start, mem.peekBytes(r.start, Number(r.end - r.start)));
  }
  uc.reg_write_i64(id('X86_REG_RSP'), cpu.gpr(R.sp));
  let out = '';
  const reg = (name: string): bigint => BigInt.asUintN(64, uc.reg_read_i64(id(`X86_REG_${name}`)));
  const onSyscall = (): void => {
    if (reg('RAX') !== 1n) return uc.emu_stop();
    out += Buffer.from(uc.mem_read(reg('RSI'), Number(reg('RDX')))).toString();
    uc.reg_write_i64(id('X86_REG_RAX'), reg('RDX'));
  };
  uc.hook_add(id('HOOK_INSN'), onSyscall, undefined, 1, 0, id('X86_INS_SYSCALL'));
  const begun = performance.now();
  uc.emu_start(cpu.rip, 0n, 0, 0);
  const seconds = (performance.now() - begun) / 1000;
  uc.close();
  return { seconds, out };
}
