/**
 * Frames: the saved BP, the stack check, where FP and SP names lie, what RET expands to.
 *
 * Follows cmd/internal/obj/x86/obj6.go (preprocess, stacksplit): GO-compatible to the byte.
 */
import type { Diagnostic } from './diagnostic.ts';
import { Instr, instr, jump, pcdata } from './instr.ts';
import type { Func } from './program.ts';
import { type MemoryOperand, memory, type Operand, type Position, symbolNamed } from './syntax.ts';
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
const mem = (base: string, offset: number): Operand => memory({ base, offset: BigInt(offset) });

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
  const calls = f.body.filter((i) => i.name === 'CALL');
  const savesBp =
    !has(textFlags.NOFRAME) && !(declared === 0 && has(textFlags.NOSPLIT)) && !(declared === 0 && calls.length === 0);
  const bpSize = savesBp ? 8 : 0;
  const size = declared + bpSize;
  if (size % 8 !== 0) report({ at: f.at, message: `unaligned stack size ${size}` });
  if (size < STACK_SMALL && !has(textFlags.NOSPLIT) && calls.every((i) => isHarmless(i, size)))
    flags |= textFlags.NOSPLIT;

  const head: Instr[] = [];
  const tail: Instr[] = [];
  if (!has(textFlags.NOSPLIT)) stackCheck(f, size, head, tail);
  else if (has(textFlags.WRAPPER)) head.push(...loadG(f));
  if (size !== 0) head.push(instr(f.at, 'ADJSP', imm(size)).moves(size));
  if (savesBp) {
    head.push(instr(f.at, 'MOVQ', reg('BP'), mem('SP', size - 8)));
    head.push(instr(f.at, 'LEAQ', mem('SP', size - 8), reg('BP')));
  }
  if (has(textFlags.WRAPPER)) wrapperCheck(f.at, size, head, tail, f.body.at(-1)!, start);

  const body = head;
  let depth = size;
  let writesSp = false;
  for (const i of f.body) {
    if (i.operands.some(isInFrame)) resolveNames(i, depth, bpSize, report);
    body.push(i);
    if (i.name === 'RET') {
      if (depth !== size) report({ at: i.at, message: `${f.symbol.name}: unbalanced PUSH/POP` });
      expandReturn(i, size, bpSize, body);
    } else {
      i.spadj = pushed(i);
      depth += i.spadj;
      writesSp ||= i.spadj === 0 && setsSp(i);
    }
  }
  body.push(...tail);
  return { body, flags, args: f.args, locals: f.frame + bpSize, writesSp };
}

/** A call that needs no more stack than every function may use. */
function isHarmless({ operands: [to] }: Instr, size: number): boolean {
  const name = to?.kind === 'memory' ? (to.symbol?.name ?? '') : '';
  return isZeroArgRuntimeCall(name) && size < STACK_SMALL - 8;
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
    memory({
      pseudo: 'SB',
      symbol: symbolNamed(f.flags & textFlags.NEEDCTXT ? 'runtime.morestack' : 'runtime.morestack_noctxt'),
    }),
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
    instr(at, 'NOP').moves(-size),
    pcdata(at, STACK_MAP_INDEX, -1),
    pcdata(at, UNSAFE_POINT, UNSAFE),
    morestack,
    pcdata(at, UNSAFE_POINT, SAFE),
    jump(at, 'JMP', again[0]!).moves(size),
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

/** Instructions whose only operand is written (asm6.go, unaryDst). */
const unary = /^(BSWAP[LQ]|(DEC|INC|NEG|NOT)[BWLQ]|SET\w\w|RD[FG]SBASE[LQ]|(RDRAND|RDSEED|SLDT|SMSW|STR)[WLQ])$/;

/** SP is the last operand, and not of a comparison; of these Go knows but two. */
function setsSp({ operands, name }: Instr): boolean {
  const to = operands.at(-1);
  if (to?.kind !== 'register' || to.name !== 'SP' || name === 'CMPL' || name === 'CMPQ') return false;
  return operands.length > 1 || unary.test(name);
}

/** By how much it moves RSP down. */
function pushed({ name, mnemonic, operands: [n] }: Instr): number {
  return name === 'ADJSP' && n?.kind === 'immediate' ? Number(n.value) : mnemonic.pushes;
}

const isInFrame = (o: Operand): o is MemoryOperand => o.kind === 'memory' && (o.pseudo === 'AUTO' || o.pseudo === 'FP');

/** Turns names into distances from RSP, which is `depth` below the return address. */
function resolveNames(i: Instr, depth: number, bpSize: number, report: (d: Diagnostic) => void): void {
  i.operands = i.operands.map((o) => {
    if (!isInFrame(o)) return o;
    if (o.base !== undefined) report({ at: i.at, message: `invalid instruction: ${printInstr(i)}` });
    const shift = o.pseudo === 'AUTO' ? depth - bpSize : depth + 8;
    return { ...o, pseudo: undefined, symbol: undefined, base: 'SP', offset: o.offset + BigInt(shift) };
  });
}

/** RET with a frame: restore BP, give the frame back, return, or jump for `RET sym`. What follows `ret` goes into `body`. */
function expandReturn(ret: Instr, size: number, bpSize: number, body: Instr[]): void {
  const [to] = ret.operands;
  if (to?.kind === 'memory' && to.pseudo === 'SB') ret.become('JMP', ret.operands);
  if (size === 0) return;
  const last = new Instr(ret.at, ret.mnemonic, ret.operands, ret.suffixes).moves(size);
  const giveBack = instr(ret.at, 'ADJSP', imm(-size)).moves(-size);
  // Jumps to the RET must land on its first instruction, so that takes over its identity.
  if (bpSize) {
    Object.assign(ret, instr(ret.at, 'MOVQ', mem('SP', size - 8), reg('BP')));
    body.push(giveBack);
  } else Object.assign(ret, giveBack);
  body.push(last);
}
