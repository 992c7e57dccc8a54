/** Small rewrites Go makes before it encodes (obj6.go progedit, asm6.go span6). */
import type { Instr } from './program.ts';
import type { MemoryOperand } from './syntax.ts';

export function rewrite(i: Instr): void {
  tls(i);
  addressOf(i);
  adjsp(i);
  comparison(i);
  wrapped(i);
  systemRegister(i);
}

/** `MOVQ TLS, R` and `off(R)(TLS*1)` are one FS-relative access on Linux: the first vanishes, the second is off(TLS). */
function tls(i: Instr): void {
  const [from] = i.operands;
  if ((i.mnemonic === 'MOVQ' || i.mnemonic === 'MOVL') && from?.kind === 'register' && from.name === 'TLS') {
    i.mnemonic = 'NOP';
    i.operands = [];
    return;
  }
  i.operands = i.operands.map((o) => {
    if (o.kind !== 'memory' || o.index !== 'TLS') return o;
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

/** CMPPD X1, X2, 4: the constant may stand without its $. */
function comparison(i: Instr): void {
  const to = i.operands[2];
  if (!/^CMP[PS][SD]$/.test(i.mnemonic) || to?.kind !== 'memory' || to.pseudo || to.base || to.index) return;
  i.operands[2] = { kind: 'immediate', value: to.offset };
}

/** LEAL's displacement may be any 32 bits: nothing above them is kept. */
function wrapped(i: Instr): void {
  const [from] = i.operands;
  if (i.mnemonic !== 'LEAL' || from?.kind !== 'memory' || from.pseudo) return;
  i.operands[0] = { ...from, offset: BigInt.asIntN(32, from.offset) };
}

/** Moves that are loads and stores of system registers: which instruction each is, into the register and out of it. */
// biome-ignore format: table
const systemMoves: Readonly<Record<string, readonly [moves: RegExp, load: string, store: string]>> = {
  GDTR: [/^MOV[LQ]$/, 'LGDT', 'SGDT'],
  IDTR: [/^MOV[LQ]$/, 'LIDT', 'SIDT'],
  LDTR: [/^MOVW$/,    'LLDT', 'SLDTL'],
  MSW:  [/^MOVW$/,    'LMSW', 'SMSWL'],
  TASK: [/^MOVW$/,    'LTR',  'STRL'],
};
function systemRegister(i: Instr): void {
  const [from, to, ...others] = i.operands;
  if (from === undefined || to === undefined || others.length) return;
  const [intoFrom, intoTo] = [from, to].map((o) => (o.kind === 'register' ? systemMoves[o.name] : undefined));
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
