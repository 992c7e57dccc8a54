/** Starts a program as execve(2) does: its image, its stack with arguments and auxiliary vector, its registers. */
import type { Cpu } from '../cpu/cpu.ts';
import { cpuid } from '../cpu/cpuid.ts';
import { GPR, R } from '../cpu/layout.ts';
import { type CpuModel, models } from '../cpu/models.ts';
import { PAGE_SIZE, PROT, USER_END } from '../mem/layout.ts';
import type { Memory } from '../mem/memory.ts';
import { ElfError, type Executable, PHDR_SIZE } from './elf.ts';

export interface Start {
  /** Path of the file as the program was called by: AT_EXECFN. */
  readonly path: string;
  readonly args: readonly string[];
  /** NAME=value. */
  readonly env: readonly string[];
  /** Sixteen bytes that the program may seed its hashes and canaries with. */
  readonly random: Uint8Array;
}

/** RLIMIT_STACK's usual value. Mapped as a whole: nothing grows down here, and untouched pages cost nothing. */
const STACK_SIZE = 8n << 20n;
/** What arguments and environment may take: a quarter of the stack (execve(2), "Limits on size"). */
const MAX_STRINGS = Number(STACK_SIZE / 4n);

/** <linux/auxvec.h>; meanings in getauxval(3). */
// biome-ignore format: table
export const AUX = {
  AT_NULL: 0, AT_PHDR: 3, AT_PHENT: 4, AT_PHNUM: 5, AT_PAGESZ: 6, AT_BASE: 7, AT_FLAGS: 8, AT_ENTRY: 9, AT_UID: 11, AT_EUID: 12,
  AT_GID: 13, AT_EGID: 14, AT_PLATFORM: 15, AT_HWCAP: 16, AT_CLKTCK: 17, AT_SECURE: 23, AT_RANDOM: 25, AT_HWCAP2: 26,
  AT_EXECFN: 31,
} as const;

/** The first ordinary user of a Linux machine. */
const USER = 1000n;
/** Ticks of times(2) a second. */
const CLOCK_TICKS = 100n;
/** The only bit of AT_HWCAP2 that user code needs: RDFSBASE and the like may be used (<asm/hwcap2.h>). */
const HWCAP2_FSGSBASE = 2n;

/** Map the image and its stack and point the CPU at the entry. Throws ElfError, with nothing mapped, when it cannot. */
export function startElf(mem: Memory, cpu: Cpu, program: Executable, start: Start, model: CpuModel = models.v3): void {
  const size = [start.path, ...start.args, ...start.env].reduce((n, s) => n + encoded(s).length + 8, 0);
  if (size > MAX_STRINGS)
    throw new ElfError(`arguments and environment take ${size} bytes: ${MAX_STRINGS} is the most`);
  for (const s of program.segments) {
    mem.map(s.start, s.size, s.prot, baseName(start.path));
    mem.pokeBytes(s.start, s.bytes);
  }
  const stackProt = PROT.read | PROT.write | (program.executableStack ? PROT.exec : 0);
  mem.map(USER_END - STACK_SIZE, STACK_SIZE, stackProt, '[stack]');
  for (const n of GPR.keys()) cpu.setGpr(n, 0n);
  cpu.rflags = 0n;
  cpu.setGpr(R.sp, fillStack(mem, program, start, model));
  cpu.rip = program.entry;
  cpu.random = start.random.reduceRight((v, b) => ((v << 8n) | BigInt(b)) & 0xffff_ffff_ffff_ffffn, 0n);
}

/**
 * Lay out the top of the stack, as fs/exec.c and fs/binfmt_elf.c do; the answer is RSP at entry, a multiple of 16.
 * From the top: an empty word, the path, environment and argument strings, then 16-byte aligned the platform's name and
 * the random bytes, then the auxiliary vector, envp, argv and argc.
 */
function fillStack(mem: Memory, program: Executable, start: Start, model: CpuModel): bigint {
  let at = USER_END - 8n;
  const push = (bytes: Uint8Array): bigint => {
    at -= BigInt(bytes.length);
    mem.pokeBytes(at, bytes);
    return at;
  };
  const string = (s: string): bigint => push(encoded(s));
  // The last string lies highest.
  const strings = (all: readonly string[]): bigint[] => all.toReversed().map(string).reverse();
  const execfn = string(start.path);
  const envp = strings(start.env);
  const argv = strings(start.args);
  at &= ~0xfn;
  const platform = string('x86_64');
  const random = push(start.random);
  const words = [
    BigInt(argv.length),
    ...[...argv, 0n],
    ...[...envp, 0n],
    ...auxiliaryVector(program, { execfn, platform, random }, model).flat(),
  ];
  at = (at - BigInt(8 * words.length)) & ~0xfn;
  for (const [i, w] of words.entries()) mem.poke(at + BigInt(8 * i), 8, w);
  return at;
}

interface Pointers {
  readonly execfn: bigint;
  readonly platform: bigint;
  readonly random: bigint;
}

/** In Linux's order. No AT_SYSINFO_EHDR: there is no vDSO, and programs make the system call instead. */
function auxiliaryVector(program: Executable, at: Pointers, model: CpuModel): [type: bigint, value: bigint][] {
  const features = BigInt(cpuid(model, 1, 0)[3]);
  const hasFsGsBase = model.features.has('FSGSBASE');
  // biome-ignore format: table
  const rows: readonly (readonly [number, bigint])[] = [
    [AUX.AT_HWCAP,    features],
    [AUX.AT_PAGESZ,   BigInt(PAGE_SIZE)],
    [AUX.AT_CLKTCK,   CLOCK_TICKS],
    [AUX.AT_PHDR,     program.headers.address],
    [AUX.AT_PHENT,    BigInt(PHDR_SIZE)],
    [AUX.AT_PHNUM,    BigInt(program.headers.count)],
    [AUX.AT_BASE,     0n],
    [AUX.AT_FLAGS,    0n],
    [AUX.AT_ENTRY,    program.entry],
    [AUX.AT_UID,      USER],
    [AUX.AT_EUID,     USER],
    [AUX.AT_GID,      USER],
    [AUX.AT_EGID,     USER],
    [AUX.AT_SECURE,   0n],
    [AUX.AT_RANDOM,   at.random],
    [AUX.AT_HWCAP2,   hasFsGsBase ? HWCAP2_FSGSBASE : 0n],
    [AUX.AT_EXECFN,   at.execfn],
    [AUX.AT_PLATFORM, at.platform],
    [AUX.AT_NULL,     0n],
  ];
  return rows.map(([type, value]) => [BigInt(type), value]);
}

/** UTF-8 with the NUL behind it. */
const encoded = (s: string): Uint8Array => new TextEncoder().encode(`${s}\0`);

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
