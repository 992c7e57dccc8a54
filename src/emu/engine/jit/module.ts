/** Regions packed into a module and installed in the function table. */
import { compile, type Surroundings } from './compile.ts';
import { exactFunction, exactFunctions } from './exactness.ts';
import { AREA, EXIT } from './layout.ts';
import type { Region } from './region.ts';
import { Code, encodeModule, type FunctionType, type Import } from './wasm.ts';

/** Instructions left → why it came back. */
export type RegionFunction = (budget: number) => number;

const types: readonly FunctionType[] = [
  { parameters: ['i32'], results: ['i32'] },
  { parameters: [], results: [] },
  { parameters: ['i64', 'i64'], results: ['i64'] },
  { parameters: ['f64', 'f64', 'f64'], results: ['i32'] },
];
const [REGION, NOTHING, PRODUCT, EXACT] = [0, 1, 2, 3];
const imports: readonly Import[] = [
  { module: 'e', name: 'memory', kind: 'memory' },
  { module: 'e', name: 'table', kind: 'table' },
  { module: 'e', name: 'materialize', kind: { type: NOTHING } },
];
const MATERIALIZE = 0;
const [UNSIGNED, SIGNED, EXACT_FIRST] = [1, 2, 3];
const FIRST = EXACT_FIRST + exactFunctions.length;
const exact = (op: string, w: number): number =>
  EXACT_FIRST + exactFunctions.findIndex(([o, x]) => o === op && x === w);

export interface Host {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  readonly materialize: () => void;
}

/** The function that stands where nothing is translated: it hands over to the one who knows how to look up. */
export function lookupFunction(host: Host, base: number): RegionFunction {
  const code = new Code(1);
  code.i32(0);
  code.get(0);
  code.access('i32.store', base + AREA.budget);
  code.i32(EXIT.lookup);
  const functions = [{ type: REGION, code: code.finish() }];
  const bytes = encodeModule({ types, imports, functions, exports: [['0', 1]] });
  return instantiate(bytes, host)['0'] as RegionFunction;
}

export function regionFunctions(
  regions: readonly Region[],
  host: Host,
  parts: Pick<Surroundings, 'kinds' | 'base' | 'link' | 'traced'>,
): { functions: RegionFunction[]; size: number } {
  const surroundings = {
    ...parts,
    materialize: MATERIALIZE,
    mulHigh: { unsigned: UNSIGNED, signed: SIGNED },
    exact,
    regionType: REGION,
  };
  const bytes = encodeModule({
    types,
    imports,
    functions: [
      { type: PRODUCT, code: productHigh(false) },
      { type: PRODUCT, code: productHigh(true) },
      ...exactFunctions.map(([op, w]) => ({ type: EXACT, code: exactFunction(op, w) })),
      ...regions.map((r) => ({ type: REGION, code: compile(r, surroundings) })),
    ],
    exports: regions.map((_, i) => [String(i), FIRST + i] as const),
  });
  const exports = instantiate(bytes, host);
  return { functions: regions.map((_, i) => exports[String(i)] as RegionFunction), size: bytes.length };
}

function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  { memory, table, materialize }: Host,
): Readonly<Record<string, unknown>> {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { memory, table, materialize } }).exports;
}

/** The upper 64 bits of a product, from four products of 32 bits (H. Warren, Hacker's Delight, 8-2). */
function productHigh(signed: boolean): Uint8Array {
  const c = new Code(2);
  const [a, b] = [0, 1];
  const [low, middle] = [c.local('i64'), c.local('i64')];
  const half = (x: number, high: boolean): void => {
    c.get(x);
    if (high) {
      c.i64(32n);
      c.op('i64.shr_u');
    } else {
      c.i64(0xffff_ffffn);
      c.op('i64.and');
    }
  };
  const times = (highA: boolean, highB: boolean): void => {
    half(a, highA);
    half(b, highB);
    c.op('i64.mul');
  };
  // middle = aH·bL + (aL·bL >> 32);  low = (middle & 2^32−1) + aL·bH
  times(false, false);
  c.i64(32n);
  c.op('i64.shr_u');
  times(true, false);
  c.op('i64.add');
  c.set(middle);
  half(middle, false);
  times(false, true);
  c.op('i64.add');
  c.set(low);
  // aH·bH + (middle >> 32) + (low >> 32)
  times(true, true);
  half(middle, true);
  c.op('i64.add');
  half(low, true);
  c.op('i64.add');
  if (signed) {
    // Each negative factor counted 2^64 too much of the other.
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      c.get(x);
      c.i64(63n);
      c.op('i64.shr_s');
      c.get(y);
      c.op('i64.and');
      c.op('i64.sub');
    }
  }
  return c.finish();
}
