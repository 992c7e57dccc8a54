/** Operands as written become arguments as encoded: registers by number, symbols as relocations to come. */
import type { Argument, MemoryArgument } from '#emu/isa/encode.ts';
import type { MemoryOperand, Operand } from './syntax.ts';

const wide = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI', 'R8', 'R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R15'];
const low = [
  'AL',
  'CL',
  'DL',
  'BL',
  'SPB',
  'BPB',
  'SIB',
  'DIB',
  'R8B',
  'R9B',
  'R10B',
  'R11B',
  'R12B',
  'R13B',
  'R14B',
  'R15B',
];
const high = ['AH', 'CH', 'DH', 'BH'];

type Register = Exclude<Extract<Argument, { n: number }>, { kind: 'block' }>;

/** All of one shape, which is what makes them quick to read. */
const register = (kind: Register['kind'], n: number, byte = false, high = false): Register => ({ kind, n, byte, high });

const numbered = (prefix: string, count: number, kind: Register['kind']) =>
  Array.from({ length: count }, (_, n) => [`${prefix}${n}`, register(kind, n)] as const);

const registers = new Map<string, Register>([
  ...wide.map((name, n) => [name, register('gpr', n)] as const),
  ...low.map((name, n) => [name, register('gpr', n, true)] as const),
  ...high.map((name, n) => [name, register('gpr', n, true, true)] as const),
  ...numbered('X', 32, 'xmm'),
  ...numbered('Y', 32, 'ymm'),
  ...numbered('Z', 32, 'zmm'),
  ...numbered('K', 8, 'k'),
  ...numbered('M', 8, 'mmx'),
  ...numbered('F', 8, 'st'),
  ...numbered('CR', 16, 'cr'),
  ...numbered('DR', 8, 'dr'),
  ...['ES', 'CS', 'SS', 'DS', 'FS', 'GS'].map((name, n) => [name, register('seg', n)] as const),
]);

/** Undefined when no row could take it. */
export function argument(o: Operand): Argument | undefined {
  switch (o.kind) {
    case 'register':
      return registers.get(o.name);
    case 'immediate':
      return { kind: 'imm', value: o.value };
    case 'memory':
      return o.addressOf ? undefined : memory(o);
    case 'register-list':
      return block(o.first, o.last);
    default:
      return undefined;
  }
}

/** [Z0-Z3]: exactly four registers of one vector file. */
function block(first: string, last: string): Argument | undefined {
  const [from, to] = [registers.get(first), registers.get(last)];
  if (from?.kind !== 'xmm' && from?.kind !== 'ymm' && from?.kind !== 'zmm') return undefined;
  return to?.kind === from.kind && to.n === from.n + 3 ? { kind: 'block', file: from.kind, n: from.n } : undefined;
}

function memory(o: MemoryOperand): MemoryArgument | undefined {
  // g's slot: an FS-relative address whose displacement the linker knows.
  if (o.base === 'TLS') {
    return {
      kind: 'mem',
      segment: 'FS',
      base: undefined,
      index: undefined,
      scale: 1,
      disp: o.offset,
      symbolic: 'absolute',
      vsib: undefined,
    };
  }
  const base = number(o.base);
  const vector = o.index === undefined ? undefined : registers.get(o.index);
  const vsib = vector?.kind === 'xmm' || vector?.kind === 'ymm' || vector?.kind === 'zmm' ? vector.kind : undefined;
  const index = vector && vsib && 'n' in vector ? vector.n : number(o.index);
  if (base === null || index === null || (index === 4 && !vsib)) return undefined;
  // A symbol's address is RIP-relative, which leaves no room for registers.
  if (o.pseudo === 'SB' && (base !== undefined || index !== undefined)) return undefined;
  const symbolic = o.pseudo === 'SB' ? 'rip' : undefined;
  return {
    kind: 'mem',
    segment: undefined,
    base,
    index,
    scale: o.scale ?? 1,
    disp: o.offset,
    symbolic,
    vsib,
  };
}

/** Register number, undefined for no register, null for one that cannot be part of an address. */
function number(name: string | undefined): number | undefined | null {
  if (name === undefined) return undefined;
  const r = registers.get(name);
  return r?.kind === 'gpr' && !r.byte ? r.n : null;
}
