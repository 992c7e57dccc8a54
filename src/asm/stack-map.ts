/** FUNCDATA that names a function's pointer maps: what two placeholders stand for, and what is there unasked. */
import type { Constants } from './constants.ts';
import type { Diagnostic } from './diagnostic.ts';
import { funcdata, type Instr } from './instr.ts';
import type { Func } from './program.ts';
import type { SymbolName } from './syntax.ts';

/** Numbers of FUNCDATA (cmd/internal/objabi/funcdata.go). */
const ARGS_POINTER_MAPS = 0n;
const LOCALS_POINTER_MAPS = 1n;
const ARG_INFO = 5n;

/** The compiler makes a symbol for each assembly function that a Go file declares; the object refers to it by name. */
const derived = (f: Func, suffix: string): SymbolName => ({ ...f.symbol, name: f.symbol.name + suffix });

export function stackMaps(f: Func, constants: Constants, report: (d: Diagnostic) => void): void {
  const present = new Set<bigint>();
  for (const i of f.body) {
    const number = i.name === 'FUNCDATA' ? numberOf(i) : undefined;
    if (number === undefined) continue;
    if (present.has(number)) report({ at: i.at, message: `multiple definitions for FUNCDATA $${number}` });
    present.add(number);
    placeholder(i, number, f, constants, report);
  }
  // What Go declares as ABIInternal has its maps from the compiler's own wrapper.
  if (!f.symbol.name.startsWith('.') || f.symbol.abi !== 'ABI0') return;
  const add = (number: bigint, suffix: string): void => {
    if (!present.has(number)) f.body.unshift(funcdata(f.at, Number(number), derived(f, suffix)));
  };
  add(ARGS_POINTER_MAPS, '.args_stackmap');
  add(ARG_INFO, '.arginfo0');
}

const numberOf = ({ operands: [number] }: Instr): bigint | undefined =>
  number?.kind === 'immediate' ? number.value : undefined;

/** funcdata.h's GO_ARGS and NO_LOCAL_POINTERS. */
function placeholder(i: Instr, number: bigint, f: Func, constants: Constants, report: (d: Diagnostic) => void): void {
  const to = i.operands[1];
  const name = to?.kind === 'memory' ? to.symbol?.name : undefined;
  const replace = (symbol: SymbolName): void => {
    if (to?.kind === 'memory') i.operands = i.operands.with(1, { ...to, symbol });
  };
  const only = (wanted: bigint, what: string): void => {
    if (number !== wanted) report({ at: i.at, message: `FUNCDATA use of ${name}(SB) without FUNCDATA_${what}` });
  };
  if (name === 'go_args_stackmap') {
    only(ARGS_POINTER_MAPS, 'ArgsPointerMaps');
    replace(derived(f, '.args_stackmap'));
  } else if (name === 'no_pointers_stackmap') {
    only(LOCALS_POINTER_MAPS, 'LocalsPointerMaps');
    replace(constants.noPointers(i.at));
  }
}
