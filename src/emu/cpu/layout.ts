/** Where the register file lies in linear memory. Engines that compile to WebAssembly read the same numbers. */

/** Intel's names for the 64-bit general registers, in encoding order. */
export const GPR = [
  'RAX',
  'RCX',
  'RDX',
  'RBX',
  'RSP',
  'RBP',
  'RSI',
  'RDI',
  'R8',
  'R9',
  'R10',
  'R11',
  'R12',
  'R13',
  'R14',
  'R15',
] as const;
export type Gpr = (typeof GPR)[number];

/** Register numbers as encodings and `Cpu.gpr` use them. */
export const R = {
  ax: 0,
  cx: 1,
  dx: 2,
  bx: 3,
  sp: 4,
  bp: 5,
  si: 6,
  di: 7,
  r8: 8,
  r9: 9,
  r10: 10,
  r11: 11,
  r12: 12,
  r13: 13,
  r14: 14,
  r15: 15,
} as const;

/** The flags user code can see, with their bit in RFLAGS (SDM vol. 1, 3.4.3). */
export const FLAGS = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, DF: 10, OF: 11, AC: 18, ID: 21 } as const;
export type Flag = keyof typeof FLAGS;
export const FLAG_NAMES = Object.keys(FLAGS) as Flag[];

/**
 * Byte offsets. A flag has a byte. Vector registers are spaced for 256 bits, x87 data registers (by physical number) for
 * 128, of which ten bytes hold the value. `fcw`, `fsw`, `fop`: 16 bits; `tags`: one bit a register, set when it holds
 * something, as FXSAVE stores it; `fip`, `fdp`: 64. `random`: where RDRAND's sequence stands; `selectors`: 16 bits each.
 */
// biome-ignore format: table
export const AT = {
  gpr: 0, rip: 128, fsBase: 136, gsBase: 144, flags: 152, mxcsr: 164, fcw: 168, fsw: 170, tags: 172, fop: 174,
  fip: 176, fdp: 184, random: 192, selectors: 200, vector: 256, x87: 768, end: 896,
} as const;
/** Segment registers, as MOV numbers them. */
export const SEGMENTS = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const;
export const VECTOR_STRIDE = 32;
export const X87_STRIDE = 16;
