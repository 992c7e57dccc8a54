/** What every command that runs stubs needs from its options: the library, the user's file, the seed. */
import type { ObjectFile } from '#asm/object.ts';
import { type CpuModel, type CpuName, models } from '#emu/cpu/models.ts';
import { ElfError } from '#emu/linux/elf.ts';
import { type ElfObject, readObject } from '#emu/linux/elf-object.ts';
import { nearest } from '#emu/linux/nearest.ts';
import { parseRules } from '#emu/linux/rules.ts';
import { type FixName, fixNamed } from '#runtime/fixes.ts';
import type { Scenario } from '#runtime/scenario.ts';
import { callScenario } from '#runtime/scenarios/call.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { qualified, type Stubs, stubs } from '#runtime/stubs.ts';
import { BUDGET } from '#runtime/verdict.ts';
import { AssemblyErrors, assembleFile, library } from './assembly.ts';
import type { DiagnosticOptions } from './diagnostics.ts';
import { fail } from './fail.ts';
import { readBytes } from './files.ts';
import { integer } from './integer.ts';

export interface RunOptions extends DiagnosticOptions {
  readonly goroot?: string;
  readonly seed: string;
  readonly fail: readonly string[];
  readonly arg: readonly string[];
  readonly budget?: string;
  readonly cpu: CpuName;
  readonly json?: boolean;
  readonly include: readonly string[];
  readonly define: readonly string[];
  readonly c: readonly string[];
  readonly without: readonly string[];
}

export interface Job {
  readonly scenarios: readonly Scenario[];
  readonly stubs: Stubs;
  readonly seed: bigint;
  readonly fail: readonly string[];
  readonly cpu: CpuModel;
  /** Historic fixes to leave out. */
  readonly without: readonly FixName[];
  /** Instructions one run may retire. */
  readonly budget: number;
  /** As the user named it, for lines that repeat the command. */
  readonly target: string | undefined;
}

/** C in machine code, as `gcc -c` leaves it. */
const cObjects = (paths: readonly string[]): ElfObject[] => paths.map(cObject);

function cObject(path: string): ElfObject {
  const bytes = readBytes(path);
  try {
    return readObject(bytes, path);
  } catch (e) {
    if (e instanceof ElfError) fail(`${path}: ${e.message}`);
    throw e;
  }
}

/** From `[SCENARIO|FILE.s[:SYMBOL]]` and the options to what there is to run. */
export function job(target: string | undefined, options: RunOptions): Job {
  const seed = integer('--seed', options.seed);
  parseRules(options.fail);
  const args = options.arg.map(argument);
  const lib = library(options);
  const c = cObjects(options.c);
  const given = options.budget === undefined ? undefined : Number(integer('--budget', options.budget));
  if (given !== undefined && given < 1) fail(`--budget ${options.budget}: give at least 1`);
  const without = options.without.map(fixNamed);
  const common = { seed, without, fail: options.fail, cpu: models[options.cpu], target, budget: given ?? BUDGET };
  if (args.length && (target === undefined || scenarios.some((s) => s.name === target))) {
    fail('--arg goes with FILE.s:SYMBOL: a scenario brings its own arguments');
  }
  if (target === undefined) return { ...common, scenarios, stubs: checked(stubs(lib, [], c), options) };
  const scenario = scenarios.find((s) => s.name === target);
  if (scenario) return { ...common, scenarios: [scenario], stubs: checked(stubs(lib, [], c), options) };
  if (!/[./]/.test(target)) {
    const guess = nearest(
      target,
      scenarios.map((s) => s.name),
    );
    fail(`no scenario is called '${target}'${guess ? `; did you mean ${guess}?` : ''} (callgate list shows them all)`);
  }
  const { path, symbol } = splitTarget(target);
  const object = assembleFile(path, lib, options);
  if (object.diagnostics.length) throw new AssemblyErrors(object.diagnostics, options);
  // Long straight code is no loop: every byte of it may be an instruction.
  const bytes = object.functions.reduce((n, f) => n + f.code.length, 0);
  return {
    ...common,
    budget: given ?? BUDGET + bytes,
    scenarios: scenariosFor(object, path, symbol, args),
    stubs: checked(stubs(lib, [object], c), options),
  };
}

/** Refuse a library or file that does not assemble or link, with every reason. */
function checked(s: Stubs, options: DiagnosticOptions): Stubs {
  if (s.diagnostics.length) throw new AssemblyErrors(s.diagnostics, options);
  return s;
}

/** One word, signed or not. */
function argument(text: string): bigint {
  const value = integer('--arg', text);
  if (value < -(1n << 63n) || value >= 1n << 64n) fail(`--arg ${text}: does not fit into a word of 64 bits`);
  return value;
}

/** FILE.s:SYMBOL, where FILE may contain colons too. */
function splitTarget(target: string): { path: string; symbol: string | undefined } {
  const match = /^(.*\.[sS]):([^:/]+)$/.exec(target);
  return match ? { path: match[1]!, symbol: match[2]! } : { path: target, symbol: undefined };
}

/** Which scenarios exercise this file: those whose stubs it defines, or a plain call of the symbol. */
function scenariosFor(
  object: ObjectFile,
  path: string,
  symbol: string | undefined,
  args: readonly bigint[],
): Scenario[] {
  const functions = object.functions.filter((f) => !f.symbol.isStatic);
  // A function that is there twice is the linker's to refuse.
  const names = [...new Set(functions.map((f) => qualified(f.symbol.name)))];
  if (!names.length) fail(`${path}: defines no function (no TEXT in it): nothing to run`);
  const shown = names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
  if (symbol === undefined) {
    const known = scenarios.filter((s) => s.stubs.some((stub) => names.includes(stub)));
    if (known.length) return known;
    if (names.length > 1) fail(`${path}: which function? It has ${shown}; say ${path}:NAME`);
  }
  const wanted = symbol?.replaceAll('·', '.').replaceAll('∕', '/');
  const index =
    wanted === undefined
      ? 0
      : names.findIndex((n) => n === wanted || n === qualified(wanted) || n.endsWith(`.${wanted}`));
  const f = functions[index];
  if (!f) return fail(`${path}: has no function ${symbol}; it has ${shown}`);
  if (f.args !== undefined && args.length > Math.ceil(f.args / 8)) {
    const size = `${f.args} bytes of arguments and results`;
    fail(`${path}: ${names[index]} has ${size}: it takes no ${args.length} words (--arg)`);
  }
  return [callScenario(names[index]!, f.symbol.abi, f.args, args)];
}
