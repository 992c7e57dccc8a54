/** DATA and GLOBL: bytes and relocations of data symbols. */
import type { Diagnostic } from './diagnostic.ts';
import type { DataSymbol, Relocation } from './object.ts';
import type { Position, Statement, SymbolName } from './syntax.ts';

type DataStatement = Statement & { kind: 'data' };
type Globl = Statement & { kind: 'globl' };

export function dataSymbols(
  statements: readonly (DataStatement | Globl)[],
  report: (d: Diagnostic) => void,
): DataSymbol[] {
  const byName = new Map<string, { symbol: SymbolName; at: Position; globl?: Globl; data: DataStatement[] }>();
  for (const s of statements) {
    const key = `${s.symbol.name}${s.symbol.isStatic ? '<>' : ''}`;
    const entry = byName.get(key) ?? { symbol: s.symbol, at: s.at, data: [] };
    byName.set(key, entry);
    if (s.kind === 'data') entry.data.push(s);
    else if (entry.globl) report({ at: s.at, message: `${key}: duplicate GLOBL` });
    else entry.globl = s;
  }
  return [...byName.values()].flatMap(({ symbol, at, globl, data }) => {
    if (!globl) {
      report({ at, message: `${symbol.name}: DATA without GLOBL` });
      return [];
    }
    return [contents(symbol, globl, data, report)];
  });
}

function contents(
  symbol: SymbolName,
  globl: Globl,
  data: readonly DataStatement[],
  report: (d: Diagnostic) => void,
): DataSymbol {
  const inside = data.filter((d) => d.offset + d.width <= globl.size);
  const bytes = new Uint8Array(inside.reduce((n, d) => Math.max(n, d.offset + d.width), 0));
  const relocations: Relocation[] = [];
  for (const d of data) {
    if (d.offset + d.width > globl.size) {
      report({ at: d.at, message: `DATA write out of bounds of ${symbol.name}, which has ${globl.size} bytes` });
      continue;
    }
    const v = d.value;
    if (v.kind === 'immediate') put(bytes, d.offset, d.width, v.value);
    else if (v.kind === 'float') putFloat(bytes, d.offset, d.width, v.value);
    else if (v.kind === 'string') bytes.set(v.value.subarray(0, d.width), d.offset);
    else if (v.kind === 'memory' && v.addressOf && v.symbol) {
      const { name, isStatic, abi } = v.symbol;
      relocations.push({
        offset: d.offset,
        size: d.width,
        kind: 'R_ADDR',
        symbol: name,
        isStatic,
        abi,
        addend: v.offset,
      });
    } else report({ at: d.at, message: `DATA value must be an immediate constant or address` });
  }
  return { symbol, at: globl.at, flags: globl.flags, size: globl.size, bytes, relocations };
}

function put(bytes: Uint8Array, at: number, width: number, v: bigint): void {
  for (let i = 0; i < width; i++) bytes[at + i] = Number((v >> BigInt(8 * i)) & 0xffn);
}

function putFloat(bytes: Uint8Array, at: number, width: number, v: number): void {
  const view = new DataView(bytes.buffer);
  if (width === 4) view.setFloat32(at, v, true);
  else view.setFloat64(at, v, true);
}
