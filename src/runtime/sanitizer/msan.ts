/** MemorySanitizer as the runtime sees it: five functions that Go tells what it does to memory, and a report. */
import { R } from '#emu/cpu/layout.ts';
import { hex } from '../go/show.ts';
import type { Model } from '../model.ts';
import type { World } from '../world.ts';
import { frameList, where } from './frames.ts';
import { expectHookStack } from './hook-stack.ts';
import { Shadow } from './shadow.ts';

/** What the program exits with after a report (measured, with Go's -msan). */
const STATUS = 1;

const shadows = new WeakMap<World, Shadow>();

/** The shadow of a world's memory: mapped when it is first asked for, as MSan does at start. */
export function shadowOf(world: World): Shadow {
  const known = shadows.get(world) ?? new Shadow(world.machine.mem);
  shadows.set(world, known);
  return known;
}

/** Use of what nobody has written: says so as MSan does, and ends the run. `what` names the bytes, for the verdict. */
export function report(world: World, what: string): never {
  const { machine } = world;
  const title = 'MemorySanitizer: use-of-uninitialized-value';
  const at = where(world, machine.cpu.rip);
  world.expect(false, 'msan', `${title} in ${at}: ${what}`);
  const lines = [
    `==${machine.kernel.pid}==WARNING: ${title}`,
    ...frameList(world),
    '',
    `SUMMARY: ${title} in ${at}`,
    'Exiting',
  ];
  world.print(`${lines.join('\n')}\n`);
  return world.exit(STATUS);
}

/** "8 of the 8 bytes at 0x…", or which ones of more. */
export function unwrittenText(shadow: Shadow, address: bigint, size: number): string | undefined {
  const offsets = shadow.unwritten(address, size);
  if (!offsets.length) return undefined;
  const which = offsets.length === size ? '' : ` (+${offsets[0]}…+${offsets.at(-1)})`;
  return `${offsets.length} of the ${size} bytes at ${hex(address)}${which} were never written`;
}

/** A function of MSan's, entered through msancall<>. */
function hook(
  name: string,
  does: (shadow: Shadow, world: World, args: readonly [bigint, bigint, bigint]) => void,
): Model {
  return {
    name,
    convention: 'C',
    frame: 0x10,
    sites: {},
    resultBits: 0,
    show: (f) => [R.di, R.si].map((n) => hex(f.reg(n))).join(', '),
    // biome-ignore lint/correctness/useYield: the sanitizer calls nobody
    *body(f) {
      expectHookStack(f, 'msancall');
      const { world } = f;
      const args = [f.reg(R.di), f.reg(R.si), f.reg(R.dx)] as const;
      world.note(name, [...args, f.entry, world.currentG]);
      does(shadowOf(world), world, args);
      return undefined;
    },
  };
}

/** Go is about to read these bytes. */
function check(shadow: Shadow, world: World, address: bigint, size: number): void {
  const text = unwrittenText(shadow, address, size);
  if (text === undefined) return;
  const [first] = shadow.unwritten(address, size);
  const inside = `[${hex(address)}, ${size})`;
  world.print(`Uninitialized bytes in __msan_check_mem_is_initialized at offset ${first} inside ${inside}\n`);
  report(world, text);
}

/** memmove, of the bytes and of what is known about them. */
function move(shadow: Shadow, { machine: { mem } }: World, to: bigint, from: bigint, size: number): void {
  shadow.move(to, from, size);
  mem.check(from, Math.max(size, 1), 'read');
  mem.check(to, Math.max(size, 1), 'write');
  mem.pokeBytes(to, mem.peekBytes(from, size));
}

// biome-ignore format: table
export const msanModels: readonly Model[] = [
  hook('__msan_read_go',   (shadow, w, [address, size]) => check(shadow, w, address, Number(size))),
  hook('__msan_write_go',  (shadow, _, [address, size]) => shadow.unpoison(address, Number(size))),
  hook('__msan_malloc_go', (shadow, _, [address, size]) => shadow.unpoison(address, Number(size))),
  hook('__msan_free_go',   (shadow, _, [address, size]) => shadow.poison(address, Number(size))),
  hook('__msan_memmove',   (shadow, w, [to, from, size]) => move(shadow, w, to, from, Number(size))),
];
