/**
 * New code for ever: functions of many basic blocks, each written over the one before it, run once by the translator and
 * once by the interpreter. What is watched is memory: translations of code that is gone must go too.
 */
import { Cpu } from '#emu/cpu/cpu.ts';
import { R } from '#emu/cpu/layout.ts';
import type { Engine, MakeEngine } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Jit } from '#emu/engine/jit/jit.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { Random } from '#runtime/junk.ts';

const CODE = 0x40_0000n;
const STACK = 0x10_0000n;
const TOP = STACK + 0x8000n;
const SLOT = 4096;
/** Functions that lie beside each other before the first is written over. */
const SLOTS = 256;
/** Conditional branches in a function; each ends a block and leads to two others. */
const BRANCHES = 40;
const BLOCKS = 2 * BRANCHES + 1;
const BUDGET = 100_000;

export interface Progress {
  readonly blocks: number;
  readonly translated: number;
  readonly evictions: number;
  /** Instructions that the two engines retired, alike. */
  readonly instructions: number;
}

/** ADD, XOR and a store; a branch on the result over an INC; and so on. Ends in RET. */
function makeFunction(r: Random): Uint8Array {
  const byte = (): number => Number(r.next() & 0xffn);
  const code: number[] = [];
  for (let i = 0; i < BRANCHES; i++) {
    code.push(0x48, 0x05, byte(), byte(), byte(), byte());
    code.push(0x48, 0x31, 0xc0 | ((byte() & 3) << 3));
    code.push(0x48, 0x89, 0x44, 0x24, 0xf8 - 8 * (byte() & 7));
    code.push(0x48, 0x85, 0xc0, 0x70 | (byte() & 15), 4);
    code.push(0x48, 0xff, 0xc1, 0x90);
  }
  code.push(0xc3);
  return Uint8Array.from(code);
}

/** A machine whose functions return to an INT3. */
class Field {
  readonly #mem = new Memory();
  readonly #cpu = new Cpu(this.#mem.frames);
  readonly engine: Engine;

  constructor(make: MakeEngine) {
    this.#mem.map(CODE, BigInt(SLOT * (SLOTS + 1)), PROT.read | PROT.exec, 'code');
    this.#mem.map(STACK, 0x1_0000n, PROT.read | PROT.write, 'stack');
    this.#mem.pokeBytes(CODE + BigInt(SLOT * SLOTS), Uint8Array.of(0xcc));
    this.engine = make({ cpu: this.#cpu, mem: this.#mem, clock: () => 0n });
  }

  run(slot: number, code: Uint8Array): { retired: number; end: string } {
    const at = CODE + BigInt(SLOT * slot);
    this.#mem.pokeBytes(at, code);
    this.#mem.poke(TOP, 8, CODE + BigInt(SLOT * SLOTS));
    this.#cpu.rip = at;
    this.#cpu.setGpr(R.sp, TOP);
    const stop = this.engine.run(BUDGET);
    const registers = Array.from({ length: 16 }, (_, n) => this.#cpu.gpr(n).toString(16));
    return { retired: stop.retired, end: [stop.why, this.#cpu.rflags, ...registers].join(' ') };
  }
}

/** Until so many distinct blocks have been translated. Throws when the engines disagree. */
export function* churn(blocks: number, seed: bigint): Generator<Progress> {
  const random = new Random(seed);
  let jit: Jit | undefined;
  const translator = new Field((parts) => {
    jit = new Jit(parts, { warm: 1, few: 1 });
    return jit;
  });
  const interpreter = new Field((parts) => new Interpreter(parts));
  let instructions = 0;
  for (let i = 0; i * BLOCKS < blocks; i++) {
    const code = makeFunction(random);
    const [a, b] = [translator, interpreter].map((f) => f.run(i % SLOTS, code)) as [
      { end: string; retired: number },
      { end: string; retired: number },
    ];
    if (a.end !== b.end || a.retired !== b.retired) {
      throw new Error(
        `function ${i} of seed ${seed}: the translator ends with ${a.end}, the interpreter with ${b.end}`,
      );
    }
    instructions += a.retired;
    yield { blocks: (i + 1) * BLOCKS, translated: jit!.translated, evictions: jit!.evictions, instructions };
  }
}
