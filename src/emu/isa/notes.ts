/**
 * The reading of the vocabulary that only takes notes: what a row can write, known before it is done. Values are
 * constants where the operands say them (a shift by $3), else unknown.
 */
import type { Meaning, Ops, StatusFlag, Width } from './ops.ts';
import type { Place } from './place.ts';

export interface Notes {
  /** General registers by number, and halves of vector registers (n, or 16 + n for the upper). Lowest first. */
  readonly gprs: readonly number[];
  readonly vectors: readonly number[];
  readonly flags: ReadonlySet<StatusFlag>;
  /** Some of the flags are written only sometimes: after a shift by CL. */
  readonly someFlags: boolean;
  /** Widths of its stores, in order. */
  readonly stores: readonly Width[];
  /** Nothing but that: no stores that depend on a condition, no other register but MXCSR's sticky flags. */
  readonly whole: boolean;
}

export function notesOf(meaning: Meaning, operands: readonly Place[]): Notes {
  const taker = new NoteTaker();
  meaning(taker, ...operands);
  return taker.notes();
}

/** undefined: not known before it is done. */
type Known = bigint | undefined;

/** Words that write what a `Notes` has no room for. */
// biome-ignore format: table
const beyond = [
  'setFlags', 'setSegmentBase', 'random', 'setMxcsr', 'setX87', 'emptySt', 'setDataX87', 'noteX87', 'enterMmx',
] as const satisfies readonly (keyof Ops<Known>)[];

/** Words whose answers depend on the state, or matter to no condition. */
// biome-ignore format: table
const unknown = [
  'flag', 'flags', 'address', 'linear', 'segmentBase', 'load', 'loadWhen', 'checkStore', 'next', 'jump', 'syscall', 'interrupt',
  'raise', 'timestamp', 'pure', 'not', 'sar', 'signExtend', 'sign', 'evenParity', 'countOnes', 'leadingZeros', 'trailingZeros',
  'reverseBytes', 'vector', 'half', 'lane', 'withLane', 'splat', 'lanes', 'shiftLanes', 'pack', 'shuffle', 'swizzle', 'signs',
  'float', 'floats', 'sqrt', 'fusedMultiplyAdd', 'floatCompare', 'floatRound', 'floatToInt', 'intToFloat', 'floatToFloat',
  'floatStep', 'mxcsr', 'x87', 'dataX87', 'waitX87',
] as const satisfies readonly (keyof Ops<Known>)[];

type Quiet = Pick<Ops<Known>, (typeof beyond)[number] | (typeof unknown)[number]>;

const mask = (w: Width): bigint => (1n << BigInt(w)) - 1n;
const both = (a: Known, b: Known, f: (a: bigint, b: bigint) => bigint): Known =>
  a === undefined || b === undefined ? undefined : f(a, b);

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the loops below make every method of the interface
abstract class QuietWords {
  whole = true;
}
interface QuietWords extends Quiet {}

for (const word of unknown) Object.defineProperty(QuietWords.prototype, word, { value: () => undefined });
for (const word of beyond) {
  Object.defineProperty(QuietWords.prototype, word, {
    value(this: QuietWords) {
      this.whole = false;
    },
  });
}

class NoteTaker extends QuietWords implements Ops<Known> {
  readonly #gprs = new Set<number>();
  readonly #vectors = new Set<number>();
  readonly #flags = new Set<StatusFlag>();
  readonly #stores: Width[] = [];
  #someFlags = false;
  /** What is being read is done only sometimes. */
  #sometimes = false;

  notes(): Notes {
    const ascending = (s: Set<number>): number[] => [...s].sort((a, b) => a - b);
    return {
      gprs: ascending(this.#gprs),
      vectors: ascending(this.#vectors),
      flags: this.#flags,
      someFlags: this.#someFlags,
      stores: this.#stores,
      whole: this.whole,
    };
  }

  get(p: Place): Known {
    return p.in === 'imm' ? p.value : undefined;
  }
  put(p: Place): void {
    if (p.in === 'gpr') this.#gprs.add(p.n);
    else if (p.in === 'xmm') this.#vectors.add(p.n + 16 * p.part);
    else if (p.in === 'mem') this.store(undefined, p.w);
    else this.whole = false;
  }
  setFlag(f: StatusFlag): void {
    this.#flags.add(f);
    if (this.#sometimes) this.#someFlags = true;
  }
  store(_address: Known, w: Width): void {
    this.#stores.push(w);
    if (this.#sometimes) this.whole = false;
  }
  when(condition: Known, then: () => void): void {
    if (condition === 0n) return;
    const outer = this.#sometimes;
    this.#sometimes ||= condition === undefined;
    then();
    this.#sometimes = outer;
  }

  const(n: bigint): Known {
    return n;
  }
  let(v: Known): Known {
    return v;
  }
  add(a: Known, b: Known, w: Width): Known {
    return both(a, b, (x, y) => (x + y) & mask(w));
  }
  sub(a: Known, b: Known, w: Width): Known {
    return both(a, b, (x, y) => (x - y) & mask(w));
  }
  and(a: Known, b: Known): Known {
    return a === 0n || b === 0n ? 0n : both(a, b, (x, y) => x & y);
  }
  or(a: Known, b: Known): Known {
    return both(a, b, (x, y) => x | y);
  }
  xor(a: Known, b: Known): Known {
    return both(a, b, (x, y) => x ^ y);
  }
  shl(a: Known, n: Known, w: Width): Known {
    return both(a, n, (x, y) => (x << y) & mask(w));
  }
  shr(a: Known, n: Known, w: Width): Known {
    return both(a, n, (x, y) => (x & mask(w)) >> y);
  }
  narrow(a: Known, w: Width): Known {
    return a === undefined ? undefined : a & mask(w);
  }
  bit(a: Known, n: Known): Known {
    return both(a, n, (x, y) => (x >> y) & 1n);
  }
  below(a: Known, b: Known): Known {
    return both(a, b, (x, y) => (x < y ? 1n : 0n));
  }
  isZero(a: Known): Known {
    return a === undefined ? undefined : a === 0n ? 1n : 0n;
  }
  select(when: Known, then: Known, otherwise: Known): Known {
    return when === undefined ? undefined : when ? then : otherwise;
  }

  multiply(): { low: Known; high: Known } {
    return { low: undefined, high: undefined };
  }
  divide(): { quotient: Known; remainder: Known } {
    return { quotient: undefined, remainder: undefined };
  }
  floatOrder(): { ZF: Known; PF: Known; CF: Known } {
    return { ZF: undefined, PF: undefined, CF: undefined };
  }
  cpuid(): readonly [Known, Known, Known, Known] {
    return [undefined, undefined, undefined, undefined];
  }
}
