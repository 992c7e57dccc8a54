/** A stub and the situations in which ours and Go's are compared. */
import type { Convention } from '#emu/trace/event.ts';
import type { Rig } from './rig.ts';

export type StackName = 'g0' | 'curg' | 'gsignal' | 'grown' | 'fresh';

// biome-ignore format: table
export type Register =
  | 'AX' | 'BX' | 'CX' | 'DX' | 'SI' | 'DI' | 'BP' | 'SP' | 'R8' | 'R9' | 'R10' | 'R11' | 'R12' | 'R13' | 'R14' | 'R15';

/** A function that the stub reaches. */
export interface Callee {
  readonly convention: Convention;
  /** How many arguments are looked at: registers, or for ABI0 words on the stack. */
  readonly args: number;
  /** Registers that count although the convention leaves them out. */
  readonly also?: readonly Register[];
  /** Other things that it finds. */
  readonly looks?: (rig: Rig) => Readonly<Record<string, bigint>>;
  /** RAX when it returns; junk when left out. */
  readonly result?: bigint;
  /** What it does to the machine, besides leaving junk. */
  readonly does?: (rig: Rig) => void;
  /** False: the case is over when it is reached. */
  readonly returns?: false;
}

export interface Case {
  readonly what: string;
  /** Whose g TLS and R14 name, and whose stack RSP is on; `none`: no g, on g0's stack. */
  readonly on: 'g0' | 'curg' | 'gsignal' | 'none';
  /** Words above the return address. */
  readonly args?: readonly bigint[];
  readonly prepare?: (rig: Rig) => void;
  /** Functions by name, before the row's. */
  readonly callees?: Readonly<Record<string, Callee>>;
  /** What the kernel answers, call by call; then the last again. 0 when left out. */
  readonly answers?: readonly (bigint | 'ends')[];
  /** A trap does not end it: a debugger goes on. */
  readonly resumes?: true;
}

export interface Row {
  readonly stub: string;
  readonly convention: Convention;
  /** ABI0, and yet it takes g from R14, where compiled Go has it. */
  readonly readsG?: true;
  /** Registers that count at the return besides those the convention keeps. */
  readonly results?: readonly (Register | 'EAX' | 'X15')[];
  readonly callees?: Readonly<Record<string, Callee>>;
  readonly cases: readonly Case[];
}
