/** Small rewrites Go makes before it encodes (obj6.go progedit, asm6.go span6). */
import type { Constants } from './constants.ts';
import type { Instr } from './instr.ts';
import { type MemoryOperand, memory, type Operand, type SymbolName } from './syntax.ts';

type Rewrite = (i: Instr, constants: Constants) => void;

export function rewrite(i: Instr, constants: Constants): void {
  if (i.operands.some(isThroughTls)) i.operands = i.operands.map((o) => (isThroughTls(o) ? throughTls(o) : o));
  rewrites.get(i.name)?.(i, constants);
}

/** `off(R)(TLS*1)` is an FS-relative access on Linux, off(TLS): R, which was loaded from TLS, counts for nothing. */
const isThroughTls = (o: Operand): o is MemoryOperand =>
  o.kind === 'memory' && o.index === 'TLS' && o.base !== undefined;

const throughTls = (o: MemoryOperand): Operand => ({ ...o, base: 'TLS', index: undefined, scale: undefined });

/** MOVQ and MOVL. */
function move(i: Instr): void {
  const [from, to] = i.operands;
  if (from?.kind === 'register' && from.name === 'TLS' && to?.kind === 'register' && isWide(to.name))
    i.become('NOP', []);
  else if (from?.kind === 'memory' && from.addressOf && to?.kind === 'register') {
    // `MOVQ $sym+8(SB), AX` loads an address.
    i.become(i.name === 'MOVQ' ? 'LEAQ' : 'LEAL', [{ ...from, addressOf: false }, to]);
    if (i.name === 'LEAL') wrapped(i);
  } else systemRegister(i);
}

/** AX to R15. */
const isWide = (name: string): boolean => /^([A-D]X|[SB]P|[SD]I|R\d+)$/.test(name);

/** LEAL's displacement may be any 32 bits: nothing above them is kept. */
function wrapped(i: Instr): void {
  const [from] = i.operands;
  if (from?.kind !== 'memory' || from.pseudo) return;
  i.operands = i.operands.with(0, { ...from, offset: BigInt.asIntN(32, from.offset) });
}

/** `ADDSD $1.5, X0` adds a constant from memory; zero (not −0) is moved without one. */
function floatingConstant(i: Instr, constant: (value: number) => SymbolName): void {
  const [from, to] = i.operands;
  if (from?.kind !== 'float') return;
  const isZero = Object.is(from.value, 0);
  if (isZero && /^MOVS[SD]$/.test(i.name) && to?.kind === 'register' && /^X(\d|1[0-5])$/.test(to.name))
    i.become('XORPS', [to, to]);
  else i.operands = i.operands.with(0, memory({ pseudo: 'SB', symbol: constant(from.value) }));
}
const single: Rewrite = (i, constants) => floatingConstant(i, (value) => constants.float32(value, i.at));
const double: Rewrite = (i, constants) => floatingConstant(i, (value) => constants.float64(value, i.at));

/** CMPPD X1, X2, 4: the constant may stand without its $. */
function comparison(i: Instr): void {
  const to = i.operands[2];
  if (to?.kind !== 'memory' || to.pseudo || to.base || to.index) return;
  i.operands = i.operands.with(2, { kind: 'immediate', value: to.offset });
}

/** Moves that are loads and stores of system registers: which instruction each is, into the register and out of it. */
// biome-ignore format: table
const systemMoves = new Map<string, readonly [isWord: boolean, load: string, store: string]>([
  ['GDTR', [false, 'LGDT', 'SGDT']],
  ['IDTR', [false, 'LIDT', 'SIDT']],
  ['LDTR', [true,  'LLDT', 'SLDTL']],
  ['MSW',  [true,  'LMSW', 'SMSWL']],
  ['TASK', [true,  'LTR',  'STRL']],
]);

function systemRegister(i: Instr): void {
  const [from, to] = i.operands;
  if (from === undefined || to === undefined || i.operands.length > 2) return;
  const intoTo = systemMove(i, to);
  const intoFrom = systemMove(i, from);
  if (intoTo) i.become(intoTo[1], [from]);
  else if (intoFrom) i.become(intoFrom[2], [to]);
}

function systemMove(i: Instr, o: Operand) {
  const found = o.kind === 'register' ? systemMoves.get(o.name) : undefined;
  return found?.[0] === (i.name === 'MOVW') ? found : undefined;
}

/** ADJSP $n is SUBQ $n, SP or ADDQ $−n, SP, whichever constant is shorter: −0x80 fits in a byte, 0x80 does not. */
function adjsp(i: Instr): void {
  const [n] = i.operands;
  if (n?.kind !== 'immediate') return;
  const v = n.value;
  if (v === 0n) return i.become('NOP', []);
  const add = v === 0x80n || (v < 0n && v !== -0x80n);
  i.become(add ? 'ADDQ' : 'SUBQ', [
    { kind: 'immediate', value: add ? -v : v },
    { kind: 'register', name: 'SP' },
  ]);
}

/** The instructions concerned; those whose first operand may be a floating constant are fixed by obj6.go's progedit. */
// biome-ignore format: table
const concerned: readonly (readonly [Rewrite, string])[] = [
  [move,           'MOVQ MOVL'],
  [systemRegister, 'MOVW'],
  [wrapped,        'LEAL'],
  [adjsp,          'ADJSP'],
  [comparison,     'CMPPS CMPPD CMPSS CMPSD'],
  [single,         'MOVSS ADDSS SUBSS MULSS DIVSS COMISS UCOMISS'],
  [double,         'MOVSD ADDSD SUBSD MULSD DIVSD COMISD UCOMISD'],
  [single,         'FMOVF FADDF FSUBF FSUBRF FMULF FDIVF FDIVRF FCOMF FCOMFP'],
  [double,         'FMOVD FADDD FSUBD FSUBRD FMULD FDIVD FDIVRD FCOMD FCOMDP'],
];
const rewrites = new Map(concerned.flatMap(([to, names]) => names.split(' ').map((name) => [name, to] as const)));
