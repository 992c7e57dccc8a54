/** The EVEX prefix, read. SDM vol. 2, 2.7. */
import { type Decorations, roundings, undecorated } from '../isa/evex.ts';
import type { Form } from '../isa/form.ts';
import type { Place } from '../isa/place.ts';

export const EVEX = 0x62;

export interface EvexPrefix {
  /** As a row writes it: 'EVEX.0F38'. */
  readonly map: string;
  /** W, R, X and B as REX would have them. */
  readonly rex: number;
  readonly prefix: 'NP' | 0x66 | 0xf3 | 0xf2;
  readonly vvvv: number;
  /** The fifth bit of ModRM.reg, of ModRM.rm as a vector register, of EVEX.vvvv or a vector index: 16, or 0. */
  readonly reg16: number;
  readonly rm16: number;
  readonly v16: number;
  /** L'L: the length, or how to round. */
  readonly ll: number;
  readonly b: boolean;
  readonly z: boolean;
  readonly aaa: number;
}

const MAPS: Readonly<Record<number, string>> = { 1: 'EVEX.0F', 2: 'EVEX.0F38', 3: 'EVEX.0F3A' };
const PP = ['NP', 0x66, 0xf3, 0xf2] as const;

/** The four bytes from `at` on; undefined where a fixed bit is not what it must be. R, X, B, R', vvvv and V' are inverted. */
export function evexPrefix(bytes: Uint8Array, at: number): EvexPrefix | undefined {
  const [p0, p1, p2] = [bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
  const map = MAPS[p0 & 15];
  if (map === undefined || !(p1 & 4)) return undefined;
  return {
    map,
    rex: 0x40 | (p1 & 0x80 ? 8 : 0) | (p0 & 0x80 ? 0 : 4) | (p0 & 0x40 ? 0 : 2) | (p0 & 0x20 ? 0 : 1),
    prefix: PP[p1 & 3]!,
    vvvv: (~p1 >> 3) & 15,
    reg16: p0 & 0x10 ? 0 : 16,
    rm16: p0 & 0x40 ? 0 : 16,
    v16: p2 & 8 ? 0 : 16,
    ll: (p2 >> 5) & 3,
    b: (p2 & 0x10) !== 0,
    z: (p2 & 0x80) !== 0,
    aaa: p2 & 7,
  };
}

/** Is it this row, as far as the prefix says? With b between registers L'L is not the length. */
export function matchesEvex(f: Form, p: EvexPrefix, modrm: number | undefined): boolean {
  const { evex, prefix, digit } = f.encoding;
  if (evex === undefined || (evex.w !== undefined && evex.w !== ((p.rex >> 3) & 1))) return false;
  if (prefix !== p.prefix) return false;
  if (modrm === undefined) return true;
  if (digit !== undefined && ((modrm >> 3) & 7) !== digit) return false;
  const betweenRegisters = modrm >> 6 === 3;
  if (p.b && betweenRegisters) {
    if (f.control === undefined) return false;
  } else if (evex.l === undefined ? p.ll === 3 : evex.l !== p.ll) return false;
  const rm = f.operands.find((k) => k.slot === 'rm');
  if (p.b && !betweenRegisters && !(rm?.slot === 'rm' && rm.broadcast)) return false;
  if (f.operands.some((k) => k.slot === 'vvvv')) return true;
  return p.vvvv === 0 && (p.v16 === 0 || (rm?.slot === 'rm' && rm.vsib !== undefined));
}

/** Mask, zeroing, broadcast and rounding; undefined where they are #UD. */
export function decorationsOf(p: EvexPrefix, f: Form, operands: readonly Place[]): Decorations | undefined {
  if (p.aaa === 0 ? f.mask === 'needed' || p.z : f.mask === undefined) return undefined;
  if (p.z && (f.mask !== 'zero' || operands[0]!.in === 'mem')) return undefined;
  if (p.aaa === 0 && !p.b) return undecorated;
  const inMemory = operands.some((o) => o.in === 'mem');
  const control = !p.b || inMemory ? undefined : f.control === 'ER' ? roundings[p.ll]! : 'SAE';
  return { mask: p.aaa, zeroing: p.z, broadcast: p.b && inMemory, control };
}
