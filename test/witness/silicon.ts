/** The host's own CPU as a witness: what real silicon makes of code bytes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As in silicon.c. */
export const CODE = 0x2000_0000n;
export const DATA = 0x3000_0000n;
export const DATA_SIZE = 512;
export const XMMS = 4;
const STATE = 16 * 8 + 8 + XMMS * 16 + DATA_SIZE;

export interface CpuState {
  readonly gprs: readonly bigint[];
  readonly flags: bigint;
  readonly xmms: readonly bigint[];
  readonly data: Uint8Array;
}

export interface SiliconCase {
  readonly code: Uint8Array;
  readonly before: CpuState;
}

export interface SiliconResult {
  /** 0, or the signal its fault became. */
  readonly signal: number;
  readonly after: CpuState;
}

const gcc = ['/usr/bin/gcc', '/usr/local/bin/gcc'].find((p) => existsSync(p));
export const hasSilicon = process.arch === 'x64' && process.platform === 'linux' && gcc !== undefined;
export const missingSilicon = 'needs an x86-64 Linux host with gcc';

/** Run every case on the CPU, in one process. */
export function onSilicon(cases: readonly SiliconCase[]): SiliconResult[] {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-silicon-'));
  try {
    const program = join(dir, 'silicon');
    execFileSync(gcc!, ['-O1', '-no-pie', '-o', program, join(import.meta.dirname, 'silicon.c')], { stdio: 'pipe' });
    const input = Buffer.concat(cases.map(request));
    const { stdout, status, signal } = spawnSync(program, { input, maxBuffer: 1 << 30 });
    if (status !== 0) throw new Error(`silicon ended with ${status ?? signal}`);
    return cases.map((_, i) => reply(stdout.subarray(i * (8 + STATE), (i + 1) * (8 + STATE))));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function request({ code, before }: SiliconCase): Buffer {
  const out = Buffer.alloc(32 + STATE);
  out[0] = code.length;
  out.set(code, 1);
  before.gprs.forEach((v, i) => out.writeBigUInt64LE(v, 32 + 8 * i));
  out.writeBigUInt64LE(before.flags, 32 + 128);
  before.xmms.forEach((v, i) => {
    out.writeBigUInt64LE(BigInt.asUintN(64, v), 32 + 136 + 16 * i);
    out.writeBigUInt64LE(v >> 64n, 32 + 144 + 16 * i);
  });
  out.set(before.data, 32 + 136 + 16 * XMMS);
  return out;
}

function reply(b: Buffer): SiliconResult {
  const s = b.subarray(8);
  return {
    signal: Number(b.readBigUInt64LE(0)),
    after: {
      gprs: Array.from({ length: 16 }, (_, i) => s.readBigUInt64LE(8 * i)),
      flags: s.readBigUInt64LE(128),
      xmms: Array.from(
        { length: XMMS },
        (_, i) => s.readBigUInt64LE(136 + 16 * i) | (s.readBigUInt64LE(144 + 16 * i) << 64n),
      ),
      data: Uint8Array.from(s.subarray(136 + 16 * XMMS)),
    },
  };
}
