/** Rows read backwards: bytes become a form and places. SDM vol. 2, chapter 2 and appendix A. */

import { dispUnit, undecorated } from '../isa/evex.ts';
import type { Feature } from '../isa/feature.ts';
import type { Form } from '../isa/form.ts';
import { evexForms } from '../isa/forms/avx512/index.ts';
import { forms } from '../isa/forms/index.ts';
import type { HiddenKind, OperandKind, RegisterFile } from '../isa/operand.ts';
import type { Width } from '../isa/ops.ts';
import type { MemPlace, Place } from '../isa/place.ts';
import { decorationsOf, EVEX, type EvexPrefix, evexPrefix, matchesEvex } from './evex.ts';
import type { Instruction } from './instruction.ts';

/** Rows by opcode map and byte; within a byte the more demanding rows come first. Empty until something is decoded. */
const byOpcode = new Map<string, Form[][]>();
function add(rows: readonly Form[]): void {
  for (const f of rows) {
    if (f.truncated) continue;
    const { map, opcode, plusR } = f.encoding;
    const table = byOpcode.get(map) ?? Array.from({ length: 256 }, (): Form[] => []);
    byOpcode.set(map, table);
    const span = plusR ? 8 : 1;
    for (let i = 0; i < span; i++) table[opcode + i]!.push(f);
  }
}
/** At most 16. */
const demand = ({ encoding: e, noRexB }: Form): number =>
  (typeof e.prefix === 'number' ? 2 : 0) +
  (e.size ? 1 : 0) +
  (e.w ? 4 : 0) +
  (e.fixed !== undefined ? 8 : 0) +
  (noRexB ? 1 : 0);
function addForms(): void {
  const byDemand = Array.from({ length: 17 }, (): Form[] => []);
  for (const f of forms) byDemand[demand(f)]!.push(f);
  add(byDemand.toReversed().flat());
}

interface Prefixes {
  size: boolean;
  address: boolean;
  rep: 0 | 0xf2 | 0xf3;
  lock: boolean;
  segment: 'FS' | 'GS' | undefined;
  rex: number;
  vex: { readonly l: 0 | 1; readonly vvvv: number } | undefined;
  evex: EvexPrefix | undefined;
}

/** VEX.pp: which prefix it stands for. */
const PP = ['NP', 0x66, 0xf3, 0xf2] as const;
const VEX_MAPS: Readonly<Record<number, string>> = { 1: 'VEX.0F', 2: 'VEX.0F38', 3: 'VEX.0F3A' };

/** What a CPU has beyond the baseline; undefined: everything. */
export type Features = ReadonlySet<Feature> | undefined;

/**
 * Undefined when the bytes are no instruction that there is a row for, or none on a CPU with just these features; 'short'
 * when there are too few of them.
 */
export function decode(bytes: Uint8Array, address: bigint, features?: Features): Instruction | 'short' | undefined {
  if (byOpcode.size === 0) addForms();
  const opening = prefixesAndMap(bytes);
  if (opening === undefined || opening === 'short') return opening;
  const { p, map } = opening;
  let { at } = opening;
  const opcode = bytes[at++]!;
  const next = bytes[at];
  const form = byOpcode
    .get(map)
    ?.[opcode]?.find((f) => matches(f, p, next) && (isThere(f, features) || !f.elseIgnored));
  if (!form || !isThere(form, features)) return undefined;
  if (form.encoding.modrm && next === undefined) return 'short';
  return finish(form, p, bytes, at, opcode, address);
}

/** All that stands before the opcode; undefined where that is #UD already. */
function prefixesAndMap(bytes: Uint8Array): { p: Prefixes; map: string; at: number } | 'short' | undefined {
  const p: Prefixes = {
    size: false,
    address: false,
    rep: 0,
    lock: false,
    segment: undefined,
    rex: 0,
    vex: undefined,
    evex: undefined,
  };
  let at = 0;
  prefixes: for (; at < bytes.length; at++) {
    const byte = bytes[at]!;
    // A REX prefix counts only right before the opcode: any other prefix behind it undoes it.
    if ((byte & 0xf0) === 0x40) {
      p.rex = byte;
      continue;
    }
    // biome-ignore format: table
    switch (byte) {
      case 0x66: p.size = true; break;
      case 0x67: p.address = true; break;
      case 0xf0: p.lock = true; break;
      case 0xf2: p.rep = 0xf2; break;
      case 0xf3: p.rep = 0xf3; break;
      case 0x64: p.segment = 'FS'; break;
      case 0x65: p.segment = 'GS'; break;
      case 0x26: case 0x2e: case 0x36: case 0x3e: break;
      default: break prefixes;
    }
    p.rex = 0;
  }

  let map = '';
  if (bytes[at] === 0xc4 || bytes[at] === 0xc5) {
    const vex = vexPrefix(bytes, at, p);
    if (vex === undefined || vex === 'short') return vex;
    ({ map, at } = vex);
  } else if (bytes[at] === 0x0f) {
    map = '0F';
    at++;
    if (bytes[at] === 0x38 || bytes[at] === 0x3a) map += bytes[at++]!.toString(16).toUpperCase();
  } else if (bytes[at] === EVEX) {
    if (at + 4 > bytes.length) return 'short';
    if (p.size || p.rep || p.lock || p.rex) return undefined;
    p.evex = evexPrefix(bytes, at);
    if (p.evex === undefined) return undefined;
    // Their rows are many and seldom asked for: made when the first such prefix is seen.
    if (!byOpcode.has('EVEX.0F')) add(evexForms());
    ({ map, rex: p.rex } = p.evex);
    at += 4;
  }
  return at >= bytes.length ? 'short' : { p, map, at };
}

/** Is the row on this CPU? VEX came with AVX; the instructions on general registers that use it did not. */
const isThere = ({ feature, encoding, isVector }: Form, features: Features): boolean =>
  features === undefined ||
  ((feature === undefined || features.has(feature)) && (!(encoding.vex && isVector) || features.has('AVX')));

/** SDM vol. 2, 2.3.5: R, X, B and vvvv are stored inverted. No other prefix but a segment or 67 may stand before it. */
function vexPrefix(bytes: Uint8Array, start: number, p: Prefixes): { map: string; at: number } | 'short' | undefined {
  const long = bytes[start] === 0xc4;
  const at = start + (long ? 3 : 2);
  if (at > bytes.length) return 'short';
  const first = bytes[start + 1]!;
  const last = bytes[at - 1]!;
  if (p.size || p.rep || p.lock || p.rex) return undefined;
  p.rex = 0x40 | (first & 0x80 ? 0 : 4);
  if (long) p.rex |= (first & 0x40 ? 0 : 2) | (first & 0x20 ? 0 : 1) | (last & 0x80 ? 8 : 0);
  p.vex = { l: last & 4 ? 1 : 0, vvvv: (~last >> 3) & 15 };
  const prefix = PP[last & 3]!;
  if (prefix === 0x66) p.size = true;
  else if (prefix !== 'NP') p.rep = prefix;
  const map = long ? VEX_MAPS[first & 31] : 'VEX.0F';
  return map === undefined ? undefined : { map, at };
}

function matches(f: Form, p: Prefixes, modrm: number | undefined): boolean {
  const e = f.encoding;
  if (p.evex) return matchesEvex(f, p.evex, modrm) && matchesModrm(f, modrm);
  const w = (p.rex & 8) !== 0;
  if (e.vex && p.vex) {
    if (e.vex.w !== undefined && w !== (e.vex.w === 1)) return false;
    if (e.vex.l !== undefined && e.vex.l !== p.vex.l) return false;
    if ((e.prefix === 0x66) !== p.size || (typeof e.prefix === 'number' && e.prefix !== 0x66 ? e.prefix : 0) !== p.rep)
      return false;
    if (p.vex.vvvv !== 0 && !f.operands.some((k) => k.slot === 'vvvv')) return false;
    return matchesModrm(f, modrm);
  }
  if (e.w && !w) return false;
  if (e.prefix === 0x66 && !p.size) return false;
  // Where 66 is part of the opcode F2 and F3 outrank it. As an operand size it yields to REX.W.
  if (e.prefix === 0x66 && (isOpcode66(f) ? p.rep !== 0 : w && !e.w)) return false;
  // In the maps of three bytes F2 and F3 always belong to the opcode.
  if (p.rep && e.map.length > 2 && e.prefix !== p.rep) return false;
  // A size no row is for is not another row's.
  const hasSize = typeof e.prefix !== 'number' && p.size && !w && !f.isVector;
  if (hasSize && f.operands.some((k) => 'w' in k && k.w === 32)) return false;
  if ((e.prefix === 0xf2 || e.prefix === 0xf3) && p.rep !== e.prefix) return false;
  if (e.prefix === 'NP' && (p.size || p.rep)) return false;
  if (e.prefix === 'NFx' && p.rep) return false;
  if (e.size && !p.size) return false;
  if (f.noRexB && p.rex & 1) return false;
  return matchesModrm(f, modrm);
}

/** Is the row's 66 part of its opcode, rather than the prefix for 16-bit operands? */
const isOpcode66 = ({ isVector, operands }: Form): boolean =>
  isVector || (operands.length > 0 && !operands.some((k) => 'w' in k && k.w === 16));

function matchesModrm(f: Form, modrm: number | undefined): boolean {
  const e = f.encoding;
  if (!e.modrm || modrm === undefined) return true;
  if (e.fixed !== undefined) return modrm === e.fixed;
  if (e.digit !== undefined && ((modrm >> 3) & 7) !== e.digit) return false;
  const rm = f.operands.find((k) => k.slot === 'rm');
  if (rm?.slot !== 'rm') return true;
  const isRegister = modrm >> 6 === 3;
  if (rm.vsib && (modrm & 7) !== 4) return false;
  if (rm.allow === 'both') return true;
  return isRegister === (rm.allow === 'register');
}

function finish(
  f: Form,
  p: Prefixes,
  bytes: Uint8Array,
  start: number,
  opcode: number,
  address: bigint,
): Instruction | 'short' | undefined {
  const e = f.encoding;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  let mod = 0;
  let reg = opcode & 7;
  let rmBits = 0;
  let memory: Omit<MemPlace, 'w'> | undefined;
  if (e.plusR) reg |= p.rex & 1 ? 8 : 0;
  if (e.modrm) {
    const modrm = bytes[at++]!;
    mod = modrm >> 6;
    reg = ((modrm >> 3) & 7) | (p.rex & 4 ? 8 : 0);
    rmBits = (modrm & 7) | (p.rex & 1 ? 8 : 0);
    if (mod !== 3) {
      const kind = f.operands.find((k) => k.slot === 'rm');
      const vsib = kind?.slot === 'rm' && kind.vsib !== undefined;
      const unit = p.evex && kind?.slot === 'rm' ? dispUnit(kind, p.evex.b) : 1;
      const m = memoryOperand(view, at, mod, modrm & 7, p, vsib, unit);
      if (m === 'short') return 'short';
      memory = m.place;
      at = m.end;
    }
  }
  const offsetSize = p.address ? 4 : 8;
  const hasOffset = f.operands.some((k) => k.slot === 'moffs');
  const length = at + e.tail.reduce((n, size) => n + size, hasOffset ? offsetSize : 0);
  if (length > bytes.length) return 'short';
  const next = address + BigInt(length);
  if (memory?.ripRelative) memory = { ...memory, disp: BigInt.asUintN(64, next + memory.disp) };

  const register = (n: number, w: Width, file: RegisterFile = 'gpr'): Place =>
    file === 'xmm' || file === 'ymm' || file === 'zmm'
      ? { in: 'xmm', n, w, part: 0 }
      : file === 'mmx'
        ? { in: 'mmx', n: n & 7, w }
        : file === 'st'
          ? { in: 'st', n: n & 7, w: 80 }
          : file === 'gpr'
            ? general(n, w)
            : file === 'k'
              ? { in: 'k', n, w: 64 }
              : { in: file, n: file === 'seg' ? n & 7 : n, w };
  const general = (n: number, w: Width): Place =>
    w === 8 && p.rex === 0 && n >= 4 && n < 8
      ? { in: 'gpr', n: n - 4, w, high: true }
      : { in: 'gpr', n, w, high: false };
  const is4 = at;
  const place = (kind: OperandKind): Place => {
    switch (kind.slot) {
      case 'fixed':
        return kind.file === 'gpr'
          ? { in: 'gpr', n: kind.n, w: kind.w, high: false }
          : register(kind.n, kind.w, kind.file);
      case 'one':
        return { in: 'imm', w: 8, value: 1n };
      case 'twice':
        return register(reg, kind.w);
      case 'reg':
        return register(p.evex ? reg | p.evex.reg16 : reg, kind.w, kind.file);
      case 'vvvv':
        return register(p.evex ? p.evex.vvvv | p.evex.v16 : p.vex!.vvvv, kind.w, kind.file);
      case 'is4':
        // The byte is read again as an immediate by rows that have one beside it.
        return register(bytes[is4]! >> 4, kind.w, kind.file);
      case 'rm':
        if (memory) return { ...memory, w: kind.w };
        return register(p.evex && isVectorFile(kind.file) ? rmBits | p.evex.rm16 : rmBits, kind.w, kind.file);
      case 'imm': {
        const value = readImmediate(view, at, kind.size, kind.signed);
        at += kind.size;
        return { in: 'imm', w: kind.w, value: BigInt.asUintN(kind.w, value) };
      }
      case 'moffs': {
        const disp = readImmediate(view, at, offsetSize, false);
        return { ...absolute(p), w: kind.w, disp: BigInt.asUintN(64, disp) };
      }
      case 'rel': {
        const value = readImmediate(view, at, kind.size, true);
        at += kind.size;
        return { in: 'imm', w: 64, value: BigInt.asUintN(64, next + value) };
      }
    }
  };
  const operands = f.operands.map(place);
  const decorations = p.evex ? decorationsOf(p.evex, f, operands) : undecorated;
  if (decorations === undefined || ((p.evex || p.vex) && operands.some(isBeyond))) return undefined;
  const missing = f.operands.some(
    (kind, i) => 'among' in kind && !kind.among?.includes((operands[i] as { n: number }).n),
  );
  if (missing) return undefined;
  for (const kind of f.hidden ?? []) operands.push(hidden(kind, p));
  // LOCK is allowed on rows that say so, with a memory destination; anywhere else it is #UD.
  if (p.lock && !(f.lock && operands[0]?.in === 'mem')) return undefined;
  const repeat = f.rep && p.rep ? (p.rep === 0xf3 ? 'REP' : 'REPN') : undefined;
  return {
    form: f,
    address,
    length,
    bytes: bytes.slice(0, length),
    operands,
    decorations,
    lock: p.lock,
    repeat,
  };
}

/** An operand that has no bits of its own but is changed by prefixes. */
function hidden(kind: HiddenKind, p: Prefixes): Place {
  if (kind.slot === 'counter') return { in: 'gpr', n: 1, w: p.address ? 32 : 64, high: false };
  const { segment, ...place } = absolute(p);
  return { ...place, w: kind.w, segment: kind.segment ? segment : undefined, base: kind.base };
}

/** Memory at no register's address, as the prefixes have it. */
const absolute = (p: Prefixes): Omit<MemPlace, 'w'> => ({
  in: 'mem',
  segment: p.segment,
  base: undefined,
  index: undefined,
  vectorIndex: false,
  scale: 1,
  disp: 0n,
  short: p.address,
  ripRelative: false,
});

function memoryOperand(
  view: DataView,
  start: number,
  mod: number,
  rm: number,
  p: Prefixes,
  vectorIndex: boolean,
  unit: number,
): { place: Omit<MemPlace, 'w'>; end: number } | 'short' {
  let at = start;
  let base: number | undefined = rm | (p.rex & 1 ? 8 : 0);
  let index: number | undefined;
  let scale = 1;
  let ripRelative = false;
  let size = mod === 1 ? 1 : mod === 2 ? 4 : 0;
  if (rm === 4) {
    if (at >= view.byteLength) return 'short';
    const sib = view.getUint8(at++);
    base = (sib & 7) | (p.rex & 1 ? 8 : 0);
    index = ((sib >> 3) & 7) | (p.rex & 2 ? 8 : 0);
    if (vectorIndex && p.evex) index |= p.evex.v16;
    else if (index === 4 && !vectorIndex) index = undefined;
    if (index !== undefined) scale = 1 << (sib >> 6);
    if ((sib & 7) === 5 && mod === 0) {
      base = undefined;
      size = 4;
    }
  } else if (rm === 5 && mod === 0) {
    base = undefined;
    ripRelative = true;
    size = 4;
  }
  if (at + size > view.byteLength) return 'short';
  const written = size ? readImmediate(view, at, size, true) : 0n;
  const disp = size === 1 && unit > 1 ? written * BigInt(unit) : written;
  const place = {
    in: 'mem' as const,
    segment: p.segment,
    base,
    index,
    vectorIndex,
    scale,
    disp: BigInt.asUintN(64, disp),
    short: p.address,
    ripRelative,
  };
  return { place, end: at + size };
}

/** EVEX and VEX can name more registers than there are opmasks or general ones. */
const isBeyond = (p: Place): boolean => (p.in === 'k' && p.n > 7) || (p.in === 'gpr' && p.n > 15);

const isVectorFile = (file: RegisterFile): boolean => file === 'xmm' || file === 'ymm' || file === 'zmm';

function readImmediate(view: DataView, at: number, size: number, signed: boolean): bigint {
  if (size === 1) return BigInt(signed ? view.getInt8(at) : view.getUint8(at));
  if (size === 2) return BigInt(signed ? view.getInt16(at, true) : view.getUint16(at, true));
  if (size === 4) return BigInt(signed ? view.getInt32(at, true) : view.getUint32(at, true));
  return view.getBigInt64(at, true);
}
