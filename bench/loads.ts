/** What is run: small programs in C and assembly, each doing the same work over again as often as its argument says. */
import { join, resolve } from 'node:path';
import { programs } from '../test/emu/programs/compile.ts';

export interface Load {
  readonly name: string;
  readonly what: string;
  readonly source: string;
}

const here = (file: string): string => resolve('bench/loads', file);
const shared = (file: string): string => join(programs, file);

// biome-ignore format: table
export const loads: readonly Load[] = [
  { name: 'W1',      what: 'ten ALU instructions a turn on 64-bit registers',                  source: here('alu.c') },
  { name: 'W2',      what: '1 MiB of memory: two loads, a store, a call and return a turn',    source: here('memory.c') },
  { name: 'W3',      what: 'SHA-256 in C, gcc -O2',                                            source: shared('sha256.c') },
  { name: 'fib',     what: 'recursion',                                                        source: here('fib.c') },
  { name: 'sort',    what: 'quicksort of 64-bit integers through a comparison function',       source: shared('sort.c') },
  { name: 'strings', what: 'strlen and memcpy shaped for SSE2',                                source: here('strings.c') },
  { name: 'matmul',  what: 'matrices of doubles with SSE2',                                    source: here('matmul.c') },
  { name: 'vm',      what: 'a bytecode interpreter through a jump table',                      source: here('vm.c') },
];

/** Ends at once: what is left is the cost of starting. */
export const nothing: Load = { name: 'exit', what: 'a program that ends at once', source: here('exit.c') };
