/**
 * One register file in two forms: ours (cpu/layout.ts), and Linux's, which is user_regs_struct (sys/user.h) and an XSAVE
 * area in the standard format (SDM vol. 1, 13.4).
 */
import { AT, FLAG_NAMES, FLAGS, VECTOR_STRIDE, X87_STRIDE } from '../../cpu/layout.ts';

/** Indices into user_regs_struct, of 64 bits each. */
// biome-ignore format: table
export const USER = {
  orig_rax: 15, rip: 16, cs: 17, eflags: 18, rsp: 19, ss: 20, fs_base: 21, gs_base: 22, length: 27,
  // RAX RCX RDX RBX RSP RBP RSI RDI R8 … R15, in encoding order.
  gpr: [10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0],
} as const;

/** Byte offsets in an XSAVE area. `xcr0`: where Linux says which components there are. */
// biome-ignore format: table
const XSAVE = {
  fcw: 0, fsw: 2, ftw: 4, fop: 6, fip: 8, fdp: 16, mxcsr: 24, st: 32, xmm: 160, xcr0: 464, header: 512, ymmHigh: 576,
} as const;
const X87_SSE_AVX = 7;
/** IF and the bit that always reads as one. */
const FIXED = 0x202;

const flags = FLAG_NAMES.map((f, i) => [AT.flags + i, 1 << FLAGS[f]] as const);
const quads = [
  ...USER.gpr.map((user, n) => [AT.gpr + 8 * n, 8 * user] as const),
  [AT.rip, 8 * USER.rip] as const,
  [AT.fsBase, 8 * USER.fs_base] as const,
  [AT.gsBase, 8 * USER.gs_base] as const,
];

function copy(to: Uint8Array, at: number, from: Uint8Array, start: number, n: number): void {
  for (let i = 0; i < n; i++) to[at + i] = from[start + i]!;
}

/** General registers, RIP, RFLAGS and segment bases: everything below MXCSR. */
export function toUser(file: Uint8Array, user: Uint8Array): void {
  for (const [ours, theirs] of quads) copy(user, theirs, file, ours, 8);
  let eflags = FIXED;
  for (const [at, bit] of flags) if (file[at]) eflags |= bit;
  const at = 8 * USER.eflags;
  for (let i = 0; i < 8; i++) user[at + i] = i < 4 ? (eflags >> (8 * i)) & 0xff : 0;
  // No system call is to be restarted.
  user.fill(0xff, 8 * USER.orig_rax, 8 * USER.orig_rax + 8);
}

export function fromUser(user: Uint8Array, file: Uint8Array): void {
  for (const [ours, theirs] of quads) copy(file, ours, user, theirs, 8);
  const at = 8 * USER.eflags;
  const eflags = user[at]! | (user[at + 1]! << 8) | (user[at + 2]! << 16);
  for (const [byte, bit] of flags) file[byte] = eflags & bit ? 1 : 0;
}

/** The upper halves of vector registers are left out on a CPU that has none. */
export const hasAvx = (xsave: Uint8Array): boolean => (xsave[XSAVE.xcr0]! & 4) !== 0;

/** What the x87's and the vector registers' bytes are in either form. ST(i) is register (top + i) mod 8. */
function components(xsave: Uint8Array, top: number): [ours: number, theirs: number, size: number][] {
  const out: [number, number, number][] = [
    [AT.fcw, XSAVE.fcw, 2],
    [AT.fsw, XSAVE.fsw, 2],
    [AT.tags, XSAVE.ftw, 1],
    [AT.fop, XSAVE.fop, 2],
    [AT.fip, XSAVE.fip, 8],
    [AT.fdp, XSAVE.fdp, 8],
    [AT.mxcsr, XSAVE.mxcsr, 4],
  ];
  for (let i = 0; i < 8; i++) out.push([AT.x87 + X87_STRIDE * ((top + i) & 7), XSAVE.st + 16 * i, 10]);
  for (let n = 0; n < 16; n++) {
    out.push([AT.vector + VECTOR_STRIDE * n, XSAVE.xmm + 16 * n, 16]);
    if (hasAvx(xsave)) out.push([AT.vector + VECTOR_STRIDE * n + 16, XSAVE.ymmHigh + 16 * n, 16]);
  }
  return out;
}

/** By TOP, without and with the upper halves. */
const tables = new Map<number, ReturnType<typeof components>>();
function tableFor(xsave: Uint8Array, statusHigh: number): ReturnType<typeof components> {
  const top = (statusHigh >> 3) & 7;
  const key = top | (hasAvx(xsave) ? 8 : 0);
  const table = tables.get(key) ?? components(xsave, top);
  tables.set(key, table);
  return table;
}

/** `xsave` holds what GETREGSET once gave: its size and its list of components are the host's. */
export function toXsave(file: Uint8Array, xsave: Uint8Array): void {
  for (const [ours, theirs, size] of tableFor(xsave, file[AT.fsw + 1]!)) copy(xsave, theirs, file, ours, size);
  // XSTATE_BV: these components are here, all others are as after reset.
  xsave.fill(0, XSAVE.header, XSAVE.header + 8);
  xsave[XSAVE.header] = X87_SSE_AVX & xsave[XSAVE.xcr0]!;
}

export function fromXsave(xsave: Uint8Array, file: Uint8Array): void {
  for (const [ours, theirs, size] of tableFor(xsave, xsave[XSAVE.fsw + 1]!)) copy(file, ours, xsave, theirs, size);
}
