/**
 * What ThreadSanitizer keeps, all of it in the guest's memory, so that whoever watches memory sees the detector's threads
 * meet there as well. One Processor a P, one ThreadState a goroutine, and 512 bytes for each word of the program's.
 */
import { PROT } from '#emu/mem/layout.ts';
import { struct } from '../layout/struct.ts';
import { type View, view } from '../layout/view.ts';
import type { World } from '../world.ts';

/** Goroutines that clocks have room for. */
export const THREADS = 16;
const CLOCK_SIZE = 8 * THREADS;

/**
 * The caches behind p.raceprocctx, from which synchronisation takes its memory without a lock. `user`: the M that is at
 * it now. (TSan has no such word. It has free lists, which two users at once corrupt.)
 */
export const processor = struct('Processor', 16, { p: [0, 8], user: [8, 8] });

/** Calls that a goroutine's stack has room for: the deepest are left out of reports. */
export const DEPTH = 16;

/**
 * Behind g.racectx. A clock says of every goroutine up to which of its ticks it is known to have come; `calls`, with
 * `depth` of them, are the PCs that racefuncenter was told of.
 */
export const threadState = struct('ThreadState', 16 + CLOCK_SIZE + 8 * DEPTH, {
  tid: [0, 8],
  depth: [8, 8],
  clock: [16, CLOCK_SIZE],
  calls: [16 + CLOCK_SIZE, 8 * DEPTH],
});

/** Of one word of the program: its clock as a synchronisation variable, who wrote it last and where, who has read it. */
export const word = struct('word', 512, {
  sync: [0, CLOCK_SIZE],
  writer: [128, 8],
  writeTick: [136, 8],
  writePc: [144, 8],
  readTicks: [256, CLOCK_SIZE],
});

export type Processor = View<keyof (typeof processor)['fields']>;
export type ThreadState = View<keyof (typeof threadState)['fields']>;
export type Word = View<keyof (typeof word)['fields']>;

/** The Go heap, as far as the detector knows it (race.go: the arena that racemapshadow was told of). */
const HEAP = { start: 0xc0_0000_0000n, end: 0xc1_0000_0000n } as const;
/** Where TSan keeps such things on Linux for Go (tsan_platform.h: kMetaShadowBeg). */
const META = 0x3000_0000_0000n;
/** Program bytes a word, and what is kept for each. */
const GRAIN = 8n;

const metaSize = (start: bigint, end: bigint): bigint => ((end - start) / GRAIN) * BigInt(word.size);

/** raceinit, raceproccreate for each P, and a context for each goroutine there is: what has been done before main. */
export function raceinit(world: World): void {
  const { mem } = world.machine;
  const data = mem.find(world.variable('runtime.racecgosync'))!;
  const poke = (name: string, v: bigint): void => mem.poke(world.addressOf(name), 8, v);
  poke('runtime.racearenastart', HEAP.start);
  poke('runtime.racearenaend', HEAP.end);
  poke('runtime.racedatastart', data.start);
  poke('runtime.racedataend', data.end);
  const size = metaSize(HEAP.start, HEAP.end) + metaSize(data.start, data.end);
  mem.map(META, size, PROT.read | PROT.write, '[tsan meta]');
  for (const at of world.allp) {
    const proc = view(mem, processor, world.heap.persistent(processor.size));
    proc.p = at;
    world.pOf(at).raceprocctx = proc.at;
  }
  for (const at of world.allgs) world.g(at).racectx = newThreadState(world).at;
}

/** A fresh ThreadState. What its creator, if there is one, has done up to now happened before. */
export function newThreadState(world: World, creator?: ThreadState): ThreadState {
  const { mem } = world.machine;
  const count = world.variable('__tsan_threads');
  const tid = mem.peek(count, 8);
  if (tid >= BigInt(THREADS)) throw new Error(`the race detector's clocks have room for ${THREADS} goroutines`);
  mem.poke(count, 8, tid + 1n);
  const state = view(mem, threadState, world.heap.persistent(threadState.size));
  state.tid = tid;
  if (creator) {
    mem.pokeBytes(state.clock, mem.peekBytes(creator.clock, CLOCK_SIZE));
    tick(world, creator);
  }
  tick(world, state);
  return state;
}

/** A goroutine's own time goes on. */
export function tick({ machine: { mem } }: World, { tid, clock }: ThreadState): void {
  const own = clock + 8n * tid;
  mem.poke(own, 8, mem.peek(own, 8) + 1n);
}

/** What is kept for the word at `address`, which racecalladdr or isvalidaddr has let through. */
export function wordAt(world: World, address: bigint): Word {
  const heap = address >= HEAP.start && address < HEAP.end;
  const start = heap ? HEAP.start : world.global('runtime.racedatastart');
  const base = heap ? META : META + metaSize(HEAP.start, HEAP.end);
  return view(world.machine.mem, word, base + metaSize(start, address - (address % GRAIN)));
}
