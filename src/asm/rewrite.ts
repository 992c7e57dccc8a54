/** Small rewrites Go makes before it encodes (obj6.go progedit, asm6.go span6). */
import type { Constants } from './constants.ts';
import type { Instr } from './program.ts';
import type { MemoryOperand } from './syntax.ts';

export function rewrite(i: Instr, constants: Constants): void {
  tls(i);
  floatingConstant(i, constants);
  addressOf(i);
  adjsp(i);
  comparison(i);
  wrapped(i);
  systemRegister(i);
}

/** AX to R15. */
const isWide = (name: string): boolean => /^([A-D]X|[SB]P|[SD]I|R\d+)$/.test(name);

/** `MOVQ TLS, R` and `off(R)(TLS*1)` are one FS-relative access on Linux: the first vanishes, the second is off(TLS). */
function tls(i: Instr): void {
  const [from, to] = i.operands;
  const isLoad = from?.kind === 'register' && from.name === 'TLS' && to?.kind === 'register' && isWide(to.name);
  if ((i.mnemonic === 'MOVQ' || i.mnemonic === 'MOVL') && isLoad) {
    i.mnemonic = 'NOP';
    i.operands = [];
    return;
  }
  if (!i.operands.some((o) => o.kind === 'memory' && o.index === 'TLS')) return;
  i.operands = i.operands.map((o) => {
    if (o.kind !== 'memory' || o.index !== 'TLS' || o.base === undefined) return o;
    const { index: _i, scale: _s, ...rest } = o;
    return { ...rest, base: 'TLS' };
  });
}

/** `MOVQ $sym+8(SB), AX` loads an address: LEAQ sym+8(SB), AX. */
function addressOf(i: Instr): void {
  if (i.mnemonic !== 'MOVQ' && i.mnemonic !== 'MOVL') return;
  const [from, to] = i.operands;
  if (from?.kind !== 'memory' || !from.addressOf || to?.kind !== 'register') return;
  i.mnemonic = i.mnemonic === 'MOVQ' ? 'LEAQ' : 'LEAL';
  const plain: MemoryOperand = { ...from, addressOf: false };
  i.operands = [plain, to];
}

/** Instructions whose first operand may be a floating constant, by its width; both are fixed by obj6.go's progedit. */
const takesFloat32 = /^(MOV|ADD|SUB|MUL|DIV|COMI|UCOMI)SS$|^F(MOV|ADD|SUB|SUBR|MUL|DIV|DIVR|COM)F$|^FCOMFP$/;
const takesFloat64 = /^(MOV|ADD|SUB|MUL|DIV|COMI|UCOMI)SD$|^F(MOV|ADD|SUB|SUBR|MUL|DIV|DIVR|COM)D$|^FCOMDP$/;

/** `ADDSD $1.5, X0` adds a constant from memory; zero (not −0) is moved without one. */
function floatingConstant(i: Instr, constants: Constants): void {
  const [from, to] = i.operands;
  if (from?.kind !== 'float') return;
  const isZero = Object.is(from.value, 0);
  if (isZero && /^MOVS[SD]$/.test(i.mnemonic) && to?.kind === 'register' && /^X(\d|1[0-5])$/.test(to.name)) {
    i.mnemonic = 'XORPS';
    i.operands = [to, to];
    return;
  }
  const isSingle = takesFloat32.test(i.mnemonic);
  if (!isSingle && !takesFloat64.test(i.mnemonic)) return;
  const symbol = isSingle ? constants.float32(from.value, i.at) : constants.float64(from.value, i.at);
  i.operands = i.operands.with(0, { kind: 'memory', addressOf: false, pseudo: 'SB', offset: 0n, symbol });
}

/** CMPPD X1, X2, 4: the constant may stand without its $. */
function comparison(i: Instr): void {
  const to = i.operands[2];
  if (to?.kind !== 'memory' || to.pseudo || to.base || to.index || !/^CMP[PS][SD]$/.test(i.mnemonic)) return;
  i.operands = i.operands.with(2, { kind: 'immediate', value: to.offset });
}

/** LEAL's displacement may be any 32 bits: nothing above them is kept. */
function wrapped(i: Instr): void {
  const [from] = i.operands;
  if (i.mnemonic !== 'LEAL' || from?.kind !== 'memory' || from.pseudo) return;
  i.operands = i.operands.with(0, { ...from, offset: BigInt.asIntN(32, from.offset) });
}

/** Moves that are loads and stores of system registers: which instruction each is, into the register and out of it. */
// biome-ignore format: table
const systemMoves = new Map<string, readonly [moves: RegExp, load: string, store: string]>([
  ['GDTR', [/^MOV[LQ]$/, 'LGDT', 'SGDT']],
  ['IDTR', [/^MOV[LQ]$/, 'LIDT', 'SIDT']],
  ['LDTR', [/^MOVW$/,    'LLDT', 'SLDTL']],
  ['MSW',  [/^MOVW$/,    'LMSW', 'SMSWL']],
  ['TASK', [/^MOVW$/,    'LTR',  'STRL']],
]);
function systemRegister(i: Instr): void {
  const [from, to] = i.operands;
  if (from === undefined || to === undefined || i.operands.length > 2) return;
  const intoFrom = from.kind === 'register' ? systemMoves.get(from.name) : undefined;
  const intoTo = to.kind === 'register' ? systemMoves.get(to.name) : undefined;
  if (intoTo?.[0].test(i.mnemonic)) [i.mnemonic, i.operands] = [intoTo[1], [from]];
  else if (intoFrom?.[0].test(i.mnemonic)) [i.mnemonic, i.operands] = [intoFrom[2], [to]];
}

/** ADJSP $n is SUBQ $n, SP or ADDQ $−n, SP, whichever constant is shorter: −0x80 fits in a byte, 0x80 does not. */
function adjsp(i: Instr): void {
  const [n] = i.operands;
  if (i.mnemonic !== 'ADJSP' || n?.kind !== 'immediate') return;
  const v = n.value;
  const add = v === 0x80n || (v < 0n && v !== -0x80n);
  i.mnemonic = v === 0n ? 'NOP' : add ? 'ADDQ' : 'SUBQ';
  i.operands =
    v === 0n
      ? []
      : [
          { kind: 'immediate', value: add ? -v : v },
          { kind: 'register', name: 'SP' },
        ];
}
