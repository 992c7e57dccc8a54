/** Stubs linked to run alone: every function they do not define is a gate, every variable a few words of memory. */
import type { Image } from '#asm/link.ts';
import type { Stubs } from '#runtime/stubs.ts';
import type { External } from '#runtime/world-options.ts';

/** Where things lie: the stacks and structs that a rig prepares are in rig.ts. */
export const AT = { image: 0x40_1000n, near: 0x1000_0000n, variables: 0x2000_0000n, far: 0x7ffe_9000_0000n } as const;
export const VARIABLES_SIZE = 0x1_0000n;
const GATE = 16n;
/** Room for a variable: sigprofCallers is the largest. */
const VARIABLE = 0x100n;

/** What stubs read and write by name. Every other name is a function's, even where only its address is taken. */
const variables: ReadonlySet<string> = new Set([
  '_cgo_mmap',
  '_cgo_munmap',
  '_cgo_sigaction',
  '_cgo_callers',
  'runtime.cgoTraceback',
  'runtime.sigprofCallers',
  'runtime.sigprofCallersUse',
  'runtime.vdsoClockgettimeSym',
  'runtime.racearenastart',
  'runtime.racearenaend',
  'runtime.racedatastart',
  'runtime.racedataend',
]);

export class Program {
  readonly image: Image;
  readonly #gates = new Map<string, bigint>();
  readonly #gateNames: string[] = [];
  readonly #variables = new Map<string, bigint>();
  readonly #variableNames: string[] = [];

  constructor(image: Image | Stubs) {
    const external: External = (name, use) =>
      use === 'data' && variables.has(name) ? this.#variable(name) : AT.near + this.#gate(name);
    this.image = 'link' in image ? image.link(AT.image, external, [], 'rig') : image;
  }

  /**
   * An address that nothing is mapped at, under a name: whoever gets there faults. Far from the code, for all that it
   * reaches through a pointer: a lost upper half shows.
   */
  gate(name: string): bigint {
    return AT.far + this.#gate(name);
  }

  gateAt(address: bigint): string | undefined {
    const offset = address - (address >= AT.far ? AT.far : AT.near);
    return offset >= 0n && offset % GATE === 0n ? this.#gateNames[Number(offset / GATE)] : undefined;
  }

  /** Address of a function of the stubs. */
  entry(name: string): bigint {
    const found = this.image.symbols.find((s) => s.name === name);
    if (!found) throw new Error(`nobody defines ${name}`);
    return found.address;
  }

  /** Address of a variable, whoever defines it. */
  variable(name: string): bigint {
    return this.image.symbols.find((s) => s.name === name)?.address ?? this.#variable(name);
  }

  /** The symbol an address belongs to, and how far inside it is. */
  symbolAt(address: bigint): readonly [name: string, offset: bigint] | undefined {
    const gate = this.gateAt(address);
    if (gate !== undefined) return [gate, 0n];
    const index = Number((address - AT.variables) / VARIABLE);
    if (address >= AT.variables && index < this.#variableNames.length) {
      return [this.#variableNames[index]!, (address - AT.variables) % VARIABLE];
    }
    const { symbols } = this.image;
    const start = symbols.find((s) => s.address === address);
    if (start) return [start.name, 0n];
    // A CALL may be a function's last instruction, and its return address the first behind it.
    const inside = symbols.find((s) => address > s.address && address <= s.address + BigInt(s.size));
    return inside && [inside.name, address - inside.address];
  }

  /** 1 when a PC lies in a function, not behind its last byte. */
  isInside(pc: bigint): bigint {
    return this.image.symbols.some((s) => pc >= s.address && pc < s.address + BigInt(s.size)) ? 1n : 0n;
  }

  /** Its distance from the first. */
  #gate(name: string): bigint {
    let at = this.#gates.get(name);
    if (at !== undefined) return at;
    at = GATE * BigInt(this.#gates.size);
    this.#gates.set(name, at);
    this.#gateNames.push(name);
    return at;
  }

  #variable(name: string): bigint {
    const known = this.#variables.get(name);
    if (known !== undefined) return known;
    const at = AT.variables + VARIABLE * BigInt(this.#variables.size);
    this.#variables.set(name, at);
    this.#variableNames.push(name);
    return at;
  }
}
