/**
 * Frames: the saved BP, the stack check, where FP and SP names lie, what RET expands to.
 *
 * Follows cmd/internal/obj/x86/obj6.go (preprocess, stacksplit): GO-compatible to the byte.
 */
import type { Diagnostic } from './diagnostic.ts';
import { type Func, type Instr, instr, jump, pcdata } from './program.ts';
import type { MemoryOperand, Operand, Position } from './syntax.ts';
import { printInstr } from './text.ts';
import { textFlags } from './textflag.ts';

/** Frames up to this size are checked against the guard itself; larger ones with their excess added. */
const STACK_SMALL = 128;
const STACK_BIG = 4096;

/** PCDATA tables (cmd/internal/objabi/funcdata.go): may a goroutine be preempted here, and which stack map holds. */
const UNSAFE_POINT = 0;
const STACK_MAP_INDEX = 1;
const SAFE = -1;
const UNSAFE = -2;

export interface Framed {
  readonly body: Instr[];
  readonly flags: number;
  readonly args: number | undefined;
  readonly locals: number;
  readonly writesSp: boolean;
}

const reg = (name: string): Operand => ({ kind: 'register', name });
const imm = (n: number): Operand => ({ kind: 'immediate', value: BigInt(n) });
const mem = (base: string, offset: number): MemoryOperand => ({
  kind: 'memory',
  addressOf: false,
  base,
  offset: BigInt(offset),
});
const symbol = (name: string): MemoryOperand => ({
  kind: 'memory',
  addressOf: false,
  pseudo: 'SB',
  offset: 0n,
  symbol: { name, isStatic: false, abi: 'ABI0' },
});

/** Runtime calls without arguments, which do not stop a small function from being a leaf. */
const isZeroArgRuntimeCall = (name: string): boolean =>
  /^runtime\.(panicdivide|panicwrap|panicshift|panicIndex.*|panicSlice.*)$/.test(name);

export function frame(f: Func, report: (d: Diagnostic) => void): Framed {
  // Where there is nothing to frame Go does not look at what TEXT says either.
  const start = f.body[0];
  if (!start) return { body: [instr(f.at, 'NOP')], flags: f.flags, args: 0, locals: 0, writesSp: false };
  let { flags } = f;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const declared = Math.max(0, f.frame);
  const hasCall = f.body.some((i) => i.mnemonic === 'CALL');
  const savesBp =
    !has(textFlags.NOFRAME) && !(declared === 0 && has(textFlags.NOSPLIT)) && !(declared === 0 && !hasCall);
  const bpSize = savesBp ? 8 : 0;
  const size = declared + bpSize;
  if (size % 8 !== 0) report({ at: f.at, message: `unaligned stack size ${size}` });
  if (size < STACK_SMALL && !has(textFlags.NOSPLIT) && isLeaf(f.body, size)) flags |= textFlags.NOSPLIT;

  const head: Instr[] = [];
  const tail: Instr[] = [];
  if (!has(textFlags.NOSPLIT)) stackCheck(f, size, head, tail);
  else if (has(textFlags.WRAPPER)) head.push(...loadG(f));
  if (size !== 0) head.push(instr(f.at, 'ADJSP', imm(size)));
  if (savesBp) {
    head.push(instr(f.at, 'MOVQ', reg('BP'), mem('SP', size - 8)));
    head.push(instr(f.at, 'LEAQ', mem('SP', size - 8), reg('BP')));
  }
  if (has(textFlags.WRAPPER)) wrapperCheck(f.at, size, head, tail, f.body.at(-1)!, start);

  const { writesSp, unbalanced } = resolveFrame(f.body, size, bpSize, report);
  for (const i of unbalanced) report({ at: i.at, message: `${f.symbol.name}: unbalanced PUSH/POP` });
  const body: Instr[] = [];
  for (const i of f.body) {
    if (i.mnemonic === 'RET') body.push(...expandReturn(i, size, bpSize));
    else body.push(i);
  }
  for (const i of head) if (i.mnemonic === 'ADJSP') i.spadj = size;
  return { body: [...head, ...body, ...tail], flags, args: f.args, locals: f.frame + bpSize, writesSp };
}

function isLeaf(body: readonly Instr[], size: number): boolean {
  return body.every((i) => {
    if (i.mnemonic !== 'CALL') return true;
    const to = i.operands[0];
    const name = to?.kind === 'memory' ? (to.symbol?.name ?? '') : '';
    return isZeroArgRuntimeCall(name) && size < STACK_SMALL - 8;
  });
}

/** ABI0 code finds g through TLS; ABIInternal has it in R14 already. */
function loadG(f: Func): Instr[] {
  return f.symbol.abi === 'ABIInternal' ? [] : [instr(f.at, 'MOVQ', mem('TLS', 0), reg('R14'))];
}

/** Compare SP with g.stackguard0; below it, call morestack from behind the function and start over. */
function stackCheck(f: Func, size: number, head: Instr[], tail: Instr[]): void {
  const { at } = f;
  const guard = mem('R14', 16);
  const again: Instr[] = [...loadG(f)];
  const morestack = instr(
    at,
    'CALL',
    symbol(f.flags & textFlags.NEEDCTXT ? 'runtime.morestack' : 'runtime.morestack_noctxt'),
  );
  // A preemption in here would be forgotten by the time morestack is called, and the stack grow for nothing.
  const unsafe = pcdata(at, UNSAFE_POINT, UNSAFE);
  if (size <= STACK_SMALL) again.push(instr(at, 'CMPQ', reg('SP'), guard), unsafe);
  else if (size <= STACK_BIG) {
    again.push(instr(at, 'LEAQ', mem('SP', STACK_SMALL - size), reg('R12')));
    again.push(instr(at, 'CMPQ', reg('R12'), guard), unsafe);
  } else {
    // The subtraction itself may wrap around zero.
    again.push(instr(at, 'MOVQ', reg('SP'), reg('R12')), unsafe);
    again.push(instr(at, 'SUBQ', imm(size - STACK_SMALL), reg('R12')));
    again.push(jump(at, 'JCS', morestack));
    again.push(instr(at, 'CMPQ', reg('R12'), guard));
  }
  again.push(jump(at, 'JLS', morestack), pcdata(at, UNSAFE_POINT, SAFE));
  head.push(...again);
  // The tail is entered before the frame exists, and left for the start, where it does not exist either.
  tail.push(
    { ...instr(at, 'NOP'), spadj: -size },
    pcdata(at, STACK_MAP_INDEX, -1),
    pcdata(at, UNSAFE_POINT, UNSAFE),
    morestack,
    pcdata(at, UNSAFE_POINT, SAFE),
    { ...jump(at, 'JMP', again[0]!), spadj: size },
  );
}

/** A wrapper that a panic runs through moves panic.argp up to its own frame (g._panic is at 32, argp at 0). */
function wrapperCheck(at: Position, size: number, head: Instr[], tail: Instr[], last: Instr, resume: Instr): void {
  // What follows the function's end counts as part of its last line.
  const end = (tail.at(-1) ?? last).at;
  const adjust = instr(end, 'LEAQ', mem('SP', size + 8), reg('R13'));
  head.push(
    instr(at, 'MOVQ', mem('R14', 32), reg('R12')),
    instr(at, 'TESTQ', reg('R12'), reg('R12')),
    jump(at, 'JNE', adjust),
  );
  tail.push(
    adjust,
    instr(end, 'CMPQ', mem('R12', 0), reg('R13')),
    jump(end, 'JNE', resume),
    instr(end, 'MOVQ', reg('SP'), mem('R12', 0)),
    jump(end, 'JMP', resume),
  );
}

// biome-ignore format: table
const pushes: ReadonlyMap<string, number> = new Map(Object.entries({
  PUSHQ: 8,  PUSHFQ: 8,  PUSHL: 4,  PUSHW: 2,  PUSHFW: 2,
  POPQ: -8,  POPFQ: -8,  POPL: -4,  POPW: -2,  POPFW: -2,
}));

/** Instructions whose only operand is written (asm6.go, unaryDst). */
const unary = /^(BSWAP[LQ]|(DEC|INC|NEG|NOT)[BWLQ]|SET\w\w|RD[FG]SBASE[LQ]|(RDRAND|RDSEED|SLDT|SMSW|STR)[WLQ])$/;

/** SP is the last operand, and not of a comparison; of these Go knows but two. */
function setsSp({ operands, mnemonic }: Instr): boolean {
  const to = operands.at(-1);
  if (to?.kind !== 'register' || to.name !== 'SP' || /^CMP[LQ]$/.test(mnemonic)) return false;
  return operands.length > 1 || unary.test(mnemonic);
}

interface Resolved {
  /** Some instruction writes SP in a way the tables cannot follow. */
  readonly writesSp: boolean;
  /** RETs that would pop something else than the return address. */
  readonly unbalanced: readonly Instr[];
}

const isInFrame = (o: Operand): o is MemoryOperand => o.kind === 'memory' && (o.pseudo === 'AUTO' || o.pseudo === 'FP');

/** Turn names into distances from RSP, as pushes and pops move it. */
function resolveFrame(body: readonly Instr[], size: number, bpSize: number, report: (d: Diagnostic) => void): Resolved {
  let depth = size;
  let writesSp = false;
  const unbalanced: Instr[] = [];
  for (const i of body) {
    if (i.operands.some(isInFrame))
      i.operands = i.operands.map((o) => {
        if (!isInFrame(o)) return o;
        if (o.base !== undefined) report({ at: i.at, message: `invalid instruction: ${printInstr(i)}` });
        const { pseudo, symbol: _, ...rest } = o;
        const shift = pseudo === 'AUTO' ? depth - bpSize : depth + 8;
        return { ...rest, base: 'SP', offset: o.offset + BigInt(shift) };
      });
    if (i.mnemonic === 'RET' && depth !== size) unbalanced.push(i);
    const first = i.operands[0];
    const pushed = pushes.get(i.mnemonic);
    if (i.mnemonic === 'ADJSP' && first?.kind === 'immediate') i.spadj = Number(first.value);
    else if (pushed !== undefined) i.spadj = pushed;
    else {
      if (setsSp(i)) writesSp = true;
      continue;
    }
    depth += i.spadj;
  }
  return { writesSp, unbalanced };
}

/** RET with a frame: restore BP, give the frame back, return, or jump for `RET sym`. */
function expandReturn(ret: Instr, size: number, bpSize: number): Instr[] {
  const [to] = ret.operands;
  if (to?.kind === 'memory' && to.pseudo === 'SB') ret.mnemonic = 'JMP';
  if (size === 0) return [ret];
  const before: Instr[] = [];
  if (bpSize) before.push(instr(ret.at, 'MOVQ', mem('SP', size - 8), reg('BP')));
  before.push({ ...instr(ret.at, 'ADJSP', imm(-size)), spadj: -size });
  // Jumps to the RET must land on its first instruction, so the first takes over its identity.
  const landing = before[0]!;
  const last = { ...ret, spadj: size };
  Object.assign(ret, landing);
  return [ret, ...before.slice(1), last];
}
