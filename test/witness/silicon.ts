/** The host's own CPU as a witness: what real silicon makes of code bytes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Access } from '#emu/mem/fault.ts';

/** As in silicon.c. The page before the code is executable as well; both hold INT3 wherever there is no code. */
export const CODE = 0x2000_0000n;
export const CODE_SIZE = 248;
/** A page; its first bytes are given and compared. The pages beside it are not mapped. */
export const DATA = 0x3000_0000n;
export const DATA_SIZE = 1024;
/** The same bytes in a page that cannot be written; the pages beside it are not mapped either. */
export const READ_ONLY = 0x3000_2000n;
const XSAVE = 192;
const XSAVE_SIZE = 832;
const STATE = XSAVE + XSAVE_SIZE + DATA_SIZE;
const REQUEST = 8 + CODE_SIZE;
const REPLY = 32;

export interface CpuState {
  readonly gprs: readonly bigint[];
  readonly flags: bigint;
  readonly fsBase: bigint;
  readonly gsBase: bigint;
  /** Thirty-two halves of 128 bits: XMM0–15, then the upper halves of YMM0–15. */
  readonly vectors: readonly bigint[];
  readonly mxcsr: number;
  /** Control and status words, abridged tags by physical register, and the eight registers by physical number. */
  readonly x87: X87State;
  readonly data: Uint8Array;
}

export interface X87State {
  readonly fcw: number;
  readonly fsw: number;
  readonly tags: number;
  readonly registers: readonly bigint[];
}

export const cleanX87: X87State = { fcw: 0x37f, fsw: 0, tags: 0, registers: Array<bigint>(8).fill(0n) };

export interface SiliconCase {
  /** At most CODE_SIZE bytes. */
  readonly code: Uint8Array;
  readonly before: CpuState;
}

/** What code made of a state, on whichever engine. */
export interface Outcome {
  /** The signal that Linux makes of its fault or trap; 0 when it went on, to `rip`; −1 where an engine gave up. */
  readonly signal: number;
  /** Of a page fault. */
  readonly page: { readonly address: bigint; readonly access: Access } | undefined;
  readonly rip: bigint;
  readonly after: CpuState;
  /** ES CS SS DS FS GS. */
  readonly selectors: readonly number[];
}

export interface SiliconResult extends Outcome {
  /** The signal's si_code and si_addr, and the page fault's error code. */
  readonly code: number;
  readonly address: bigint;
  readonly error: number;
}

const gcc = ['/usr/bin/gcc', '/usr/local/bin/gcc'].find((p) => existsSync(p));
export const hasSilicon = process.arch === 'x64' && process.platform === 'linux' && gcc !== undefined;
export const missingSilicon = 'needs an x86-64 Linux host with gcc';

const SOURCE = 'test/witness/silicon.c';
const CACHE = 'node_modules/.cache/callgate';
/** The witness, compiled once for each text of its source; whole from the first moment it can be seen. */
function program(): string {
  const path = join(CACHE, `silicon-${createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 12)}`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const mine = `${path}-${process.pid}`;
  execFileSync(gcc!, ['-O1', '-no-pie', '-fno-stack-protector', '-fcf-protection=none', '-o', mine, SOURCE], {
    stdio: 'pipe',
  });
  renameSync(mine, path);
  return path;
}

/** Run every case on the CPU, in one process for each portion: a reply is 1.5 KB. */
export function onSilicon(cases: readonly SiliconCase[]): SiliconResult[] {
  const results: SiliconResult[] = [];
  for (let i = 0; i < cases.length; i += PORTION) {
    const some = cases.slice(i, i + PORTION);
    const { stdout, status, signal } = spawnSync(program(), {
      input: Buffer.concat(some.map(request)),
      maxBuffer: 1 << 30,
      timeout: PATIENCE,
    });
    if (status !== 0) throw new Error(`silicon ended with ${status ?? signal}`);
    const size = REPLY + STATE;
    some.forEach((c, n) => results.push(reply(stdout.subarray(n * size, (n + 1) * size), c)));
  }
  return results;
}
const PORTION = 20_000;
/** Milliseconds; a portion takes less than a second, but code under test may loop. */
const PATIENCE = 60_000;

/** Offsets in XSAVE's standard form (SDM vol. 1, 13.4). */
const AREA = {
  fcw: 0,
  fsw: 2,
  tags: 4,
  mxcsr: 24,
  mxcsrMask: 28,
  st: 32,
  xmm: 160,
  header: 512,
  ymmHigh: 576,
} as const;

/** A case as the witness reads it: also what identifies it. */
export function request({ code, before }: SiliconCase): Buffer {
  if (code.length > CODE_SIZE) throw new Error(`${code.length} bytes of code: at most ${CODE_SIZE}`);
  const out = Buffer.alloc(REQUEST + STATE);
  out.writeBigUInt64LE(BigInt(code.length), 0);
  out.set(code, 8);
  const state = out.subarray(REQUEST);
  before.gprs.forEach((v, i) => state.writeBigUInt64LE(v, 8 * i));
  state.writeBigUInt64LE(before.flags, 128);
  state.writeBigUInt64LE(before.fsBase, 144);
  state.writeBigUInt64LE(before.gsBase, 152);
  const x = state.subarray(XSAVE, XSAVE + XSAVE_SIZE);
  const { fcw, fsw, tags, registers } = before.x87;
  x.writeUInt16LE(fcw, AREA.fcw);
  x.writeUInt16LE(fsw, AREA.fsw);
  x[AREA.tags] = tags;
  x.writeUInt32LE(before.mxcsr, AREA.mxcsr);
  x.writeUInt32LE(0xffff, AREA.mxcsrMask);
  // The area holds ST(i), counted from the top.
  registers.forEach((_, i) => write128(x, AREA.st + 16 * i, registers[(top(fsw) + i) & 7]!));
  before.vectors.forEach((v, i) => write128(x, vectorAt(i), v));
  x.writeBigUInt64LE(7n, AREA.header);
  state.set(before.data, XSAVE + XSAVE_SIZE);
  return out;
}

function reply(b: Buffer, c: SiliconCase): SiliconResult {
  const s = b.subarray(REPLY);
  const x = s.subarray(XSAVE, XSAVE + XSAVE_SIZE);
  const used = x.readBigUInt64LE(AREA.header);
  const fsw = x.readUInt16LE(AREA.fsw);
  const registers = Array.from(
    { length: 8 },
    (_, n) => read128(x, AREA.st + 16 * ((n - top(fsw)) & 7)) & ((1n << 80n) - 1n),
  );
  // A component that is in its initial state may not have been written (XSTATE_BV).
  const vectors = Array.from({ length: 32 }, (_, i) => (used & (i < 16 ? 2n : 4n) ? read128(x, vectorAt(i)) : 0n));
  const [signal, code] = [Number(b.readBigUInt64LE(0)), Number(b.readBigInt64LE(8))];
  const [address, error] = [b.readBigUInt64LE(16), Number(b.readBigUInt64LE(24))];
  const isPage = signal === SIGSEGV && (code === SEGV_MAPERR || code === SEGV_ACCERR);
  return {
    ...landing(c, {
      signal,
      page: isPage ? { address, access: accessOf(error) } : undefined,
      rip: s.readBigUInt64LE(136),
    }),
    code,
    address,
    error,
    selectors: [0, 1, 2, 3, 4, 5].map((n) => s.readUInt16LE(160 + 2 * n)),
    after: {
      gprs: Array.from({ length: 16 }, (_, i) => s.readBigUInt64LE(8 * i)),
      flags: s.readBigUInt64LE(128),
      fsBase: s.readBigUInt64LE(144),
      gsBase: s.readBigUInt64LE(152),
      vectors,
      mxcsr: x.readUInt32LE(AREA.mxcsr),
      x87: used & 1n ? { fcw: x.readUInt16LE(AREA.fcw), fsw, tags: x[AREA.tags]!, registers } : cleanX87,
      data: Uint8Array.from(s.subarray(XSAVE + XSAVE_SIZE)),
    },
  };
}

/** Why the kernel says a page fault is one; error-code bits (SDM vol. 3, 4.7). */
const [SEGV_MAPERR, SEGV_ACCERR] = [1, 2];
const accessOf = (error: number): Access => (error & 16 ? 'execute' : error & 2 ? 'write' : 'read');

type Ended = Pick<Outcome, 'signal' | 'page' | 'rip'>;

/** Code that went on elsewhere trapped there, or could not be fetched there: then it had no fault of its own. */
export function landing({ code }: SiliconCase, ended: Ended): Ended {
  const { signal, page, rip } = ended;
  const isOutside = (at: bigint): boolean => at < CODE || at >= CODE + BigInt(code.length);
  if (signal === SIGTRAP && isOutside(rip - 1n)) return { signal: 0, page: undefined, rip: rip - 1n };
  if (page?.access === 'execute' && page.address === rip && isOutside(rip)) return { signal: 0, page: undefined, rip };
  return ended;
}
export const [SIGTRAP, SIGSEGV] = [5, 11];

const top = (fsw: number): number => (fsw >> 11) & 7;
const vectorAt = (i: number): number => (i < 16 ? AREA.xmm + 16 * i : AREA.ymmHigh + 16 * (i - 16));

function write128(b: Buffer, at: number, v: bigint): void {
  b.writeBigUInt64LE(BigInt.asUintN(64, v), at);
  b.writeBigUInt64LE(BigInt.asUintN(64, v >> 64n), at + 8);
}
const read128 = (b: Buffer, at: number): bigint => b.readBigUInt64LE(at) | (b.readBigUInt64LE(at + 8) << 64n);
