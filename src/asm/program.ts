/** Statements grouped into functions, mnemonics found, jump targets resolved to instructions. */
import type { Diagnostic } from './diagnostic.ts';
import { funcdata, Instr, instr, pcdata } from './instr.ts';
import { mnemonicNamed, mnemonicSpelled } from './mnemonic.ts';
import { parseSuffixes } from './suffix.ts';
import type { Operand, Position, Statement, SymbolName } from './syntax.ts';
import { printOperand } from './text.ts';

export interface Func {
  readonly symbol: SymbolName;
  readonly at: Position;
  readonly flags: number;
  readonly frame: number;
  readonly args: number | undefined;
  readonly body: Instr[];
}

export interface Program {
  readonly functions: readonly Func[];
  readonly data: readonly (Statement & { kind: 'data' | 'globl' })[];
}

/** Problems go to `report`; what they concern is left out. */
export function program(statements: readonly Statement[], report: (d: Diagnostic) => void): Program {
  const functions: Func[] = [];
  const data: (Statement & { kind: 'data' | 'globl' })[] = [];
  const toResolve: { from: Instr; pc: number; to: Operand & { kind: 'label' | 'pc' } }[] = [];
  const labels = new Map<string, { pc: number; at: Position }>();
  let current: Func | undefined;
  let outside = false;

  for (const s of statements) {
    switch (s.kind) {
      case 'text':
        finish();
        current = { symbol: s.symbol, at: s.at, flags: s.flags, frame: s.frame, args: s.args, body: [] };
        functions.push(current);
        break;
      case 'label':
        if (labels.has(s.name)) report({ at: s.at, message: `label "${s.name}" multiply defined` });
        labels.set(s.name, { pc: current?.body.length ?? 0, at: s.at });
        break;
      case 'pcdata':
        if (current) add(current, pcdata(s.at, s.index, s.value));
        break;
      case 'funcdata':
        if (current) add(current, funcdata(s.at, s.index, s.symbol));
        break;
      case 'data':
      case 'globl':
        data.push(s);
        break;
      case 'instruction': {
        const known = instruction(s, report);
        if (current) {
          // What is none keeps its place: labels and n(PC) before and behind it still mean what they meant.
          add(current, known ?? instr(s.at, 'NOP'));
          break;
        }
        // Once: what follows a TEXT that could not be read is all outside.
        if (known && !outside) report({ at: s.at, message: `${s.mnemonic} outside a TEXT` });
        outside = true;
        break;
      }
    }
  }
  finish();
  return { functions, data };

  /** `n(PC)` counts instructions, those without bytes as well. */
  function add({ body }: Func, i: Instr): void {
    const last = i.operands.at(-1);
    if (last?.kind === 'label' || last?.kind === 'pc') toResolve.push({ from: i, pc: body.length, to: last });
    body.push(i);
  }

  /** Labels are a function's own: resolve at its end. */
  function finish(): void {
    for (const { from, pc, to } of toResolve) {
      const index = to.kind === 'label' ? labels.get(to.name)?.pc : pc + Number(to.value);
      const target = index === undefined ? undefined : current?.body[index];
      if (target) {
        from.jumpTo(target);
        continue;
      }
      const what = index === undefined ? 'undefined label' : 'invalid branch target';
      report({ at: from.at, message: `${what} ${printOperand(to)}` });
      from.mnemonic = mnemonicNamed('NOP');
    }
    // A jump to a jump goes where that goes (cmd/internal/obj/pass.go).
    const landing = landings();
    for (const { from } of toResolve) if (from.branch) from.branch.target = landing(from.branch.target);
    toResolve.length = 0;
    labels.clear();
  }
}

/** Undefined: it is none, and has been reported. */
function instruction(s: Statement & { kind: 'instruction' }, report: (d: Diagnostic) => void): Instr | undefined {
  const { at, operands, suffixes, isExpanded } = s;
  const mnemonic = mnemonicSpelled(s.mnemonic);
  if (mnemonic === undefined) {
    report({ at, message: `unrecognized instruction "${s.mnemonic}"` });
    return undefined;
  }
  const asked = parseSuffixes(suffixes);
  if (typeof asked === 'string') {
    report({ at, message: asked });
    return undefined;
  }
  // END ends nothing.
  return mnemonic.name === 'END' ? instr(at, 'NOP') : new Instr(at, mnemonic, operands, suffixes, isExpanded);
}

/** Finds where a jump to `first` ends up, going each way once. Those in a loop of jumps are left as they are. */
function landings(): (first: Instr) => Instr {
  const known = new Map<Instr, Instr>();
  return (first) => {
    const passed = new Set<Instr>();
    let to = first;
    for (; to.name === 'JMP' && to.branch && !known.has(to) && !passed.has(to); to = to.branch.target) passed.add(to);
    const end = known.get(to) ?? to;
    let isInLoop = false;
    for (const i of passed) {
      isInLoop ||= i === to;
      known.set(i, isInLoop ? i : end);
    }
    return end;
  };
}
