/** Which words of a frame hold pointers: getStackMap (runtime/stack.go), over models' tables and assembly's FUNCDATA. */
import type { CodeSymbol } from '#asm/object.ts';
import { hex } from '#emu/trace/text.ts';
import type { PointerMap } from '../model.ts';
import { qualified } from '../stubs.ts';
import type { World } from '../world.ts';
import { declared } from './declared.ts';
import { siteOf, valueAt } from './function.ts';
import type { StackFrame } from './unwind.ts';

/** A run of words in a frame, from `base` on, and the addresses of those that hold pointers. */
export interface Words {
  readonly base: bigint;
  readonly pointers: readonly bigint[];
}

export interface StackMap {
  readonly locals: Words;
  readonly args: Words;
}

/** Numbers of PCDATA and FUNCDATA (cmd/internal/objabi/funcdata.go). */
const STACK_MAP_INDEX = 1;
const ARGS_POINTER_MAPS = 0;
const LOCALS_POINTER_MAPS = 1;

const none = (base: bigint): Words => ({ base, pointers: [] });

export function getStackMap(w: World, frame: StackFrame): StackMap {
  const { fn, varp, argp, continpc } = frame;
  if (continpc === 0n) return { locals: none(varp), args: none(argp) };
  if (fn.model) return ofModel(w, frame);
  // Compiled code, which has read its arguments before it makes its only call.
  if (!fn.code || fn.id === 'wrapper') return { locals: none(varp), args: none(argp) };
  return { locals: locals(w, frame, fn.code), args: args(w, frame, fn.code) };
}

/** The maps of a model at a site; in its prologue there are no locals yet, and arguments where they are spilled. */
function ofModel(w: World, { fn, continpc, sp, varp, argp }: StackFrame): StackMap {
  const model = fn.model!;
  const maps = typeof model.live === 'function' ? model.live(w) : (model.live ?? {});
  const site = siteOf(w, fn, continpc);
  if (site === undefined) {
    const spilled = model.convention === 'ABI0' ? (maps['*']?.args ?? []) : wordsOf(model.spills ?? '');
    return { locals: none(varp), args: at(argp, spilled) };
  }
  const map = maps[site] ?? maps['*'] ?? {};
  // A bitmap begins with the lowest word that is a pointer at any PC.
  const all = Object.values<PointerMap>(maps).flatMap((m) => m.locals ?? []);
  const base = all.length ? sp + BigInt(Math.min(...all)) : varp;
  return {
    locals: { base, pointers: (map.locals ?? []).map((offset) => sp + BigInt(offset)) },
    args: at(argp, map.args ?? []),
  };
}

const at = (base: bigint, offsets: readonly number[]): Words => ({
  base,
  pointers: offsets.map((offset) => base + BigInt(offset)),
});

/** Offsets of the pointers among argument words. */
const wordsOf = (words: string): number[] => [...words].flatMap((kind, i) => (kind === 'p' ? [8 * i] : []));

function locals(w: World, frame: StackFrame, code: CodeSymbol): Words {
  const { fn, sp, varp } = frame;
  if (varp === sp) return none(varp);
  const map = written(w, code, LOCALS_POINTER_MAPS);
  if (!map) {
    w.print(`runtime: frame ${fn.name} untyped locals ${hex(sp)}+${hex(varp - sp)}\n`);
    return w.throw('missing stackmap');
  }
  return bitmap(w, frame, code, map, 'locals', (nbit) => varp - 8n * nbit);
}

function args(w: World, frame: StackFrame, code: CodeSymbol): Words {
  const { fn, argp } = frame;
  if (code.args === 0) return none(argp);
  const map = written(w, code, ARGS_POINTER_MAPS);
  if (map) return bitmap(w, frame, code, map, 'args', () => argp);
  const words = code.funcdata[ARGS_POINTER_MAPS] && declared[fn.name];
  if (words !== undefined) return at(argp, wordsOf(words));
  w.print(
    `runtime: frame ${fn.name} untyped args ${hex(argp)}+${hex(BigInt.asUintN(64, BigInt(code.args ?? UNKNOWN)))}\n`,
  );
  return w.throw('missing stackmap');
}

/** The size of arguments that nobody has declared: _ArgsSizeUnknown (runtime/funcdata.h). */
const UNKNOWN = -0x8000_0000;

/** Address of the map that FUNCDATA names, when the image holds it. */
function written(w: World, code: CodeSymbol, number: number): bigint | undefined {
  const symbol = code.funcdata[number];
  if (!symbol) return undefined;
  const name = qualified(symbol.name);
  const found = w.image.symbols.find((s) => s.name === name && !s.function);
  if (!found || w.machine.mem.peek(found.address, 4) === 0n) return undefined;
  return found.address;
}

/** struct stackmap: how many bitmaps there are, how many bits each has, then the bitmaps, a bit for a word. */
function bitmap(
  w: World,
  { fn, continpc }: StackFrame,
  code: CodeSymbol,
  map: bigint,
  which: 'locals' | 'args',
  baseOf: (nbit: bigint) => bigint,
): Words {
  const { mem } = w.machine;
  const [n, nbit] = [mem.peek(map, 4), mem.peek(map + 4n, 4)];
  const base = baseOf(nbit);
  if (nbit === 0n) return none(base);
  // Inside the CALL; at the entry, before any table says anything.
  const offset = Number(continpc - fn.entry) - 1;
  const index = offset < 0 ? -1 : (valueAt(code.pcdata[STACK_MAP_INDEX] ?? [], offset) ?? -1);
  const id = BigInt(index === -1 ? 0 : index);
  if (id < 0n || id >= n) {
    const entries = `${n} ${which} stack map entries for ${fn.name}`;
    w.print(`runtime: pcdata is ${id} and ${entries} (targetpc=${hex(continpc - 1n)})\n`);
    w.throw('bad symbol table');
  }
  const bytes = map + 8n + id * ((nbit + 7n) / 8n);
  const pointers: bigint[] = [];
  for (let i = 0n; i < nbit; i++) {
    if ((mem.peek(bytes + i / 8n, 1) >> (i % 8n)) & 1n) pointers.push(base + 8n * i);
  }
  return { base, pointers };
}
