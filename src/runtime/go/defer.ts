/** Deferred calls: records on g._defer, newest first. runtime/panic.go, as deferproc and deferreturn have them. */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { defer } from '../layout/go1.19.ts';
import { type View, view } from '../layout/view.ts';
import { type Body, DEFERRETURN } from '../model.ts';

type DeferView = View<keyof (typeof defer)['fields']>;

/** The P's records to spare, newest last: a slice over deferpoolbuf (runtime2.go). */
function pool({ world, m }: Frame): {
  readonly length: bigint;
  readonly setLength: (n: bigint) => void;
  readonly at: bigint;
} {
  const { mem } = world.machine;
  const { deferpool, deferpoolbuf } = world.pOf(m.p);
  mem.poke(deferpool, 8, deferpoolbuf);
  mem.poke(deferpool + 16n, 8, POOLED);
  return { length: mem.peek(deferpool + 8n, 8), setLength: (n) => mem.poke(deferpool + 8n, 8, n), at: deferpoolbuf };
}

/** How many a P keeps; Go hands half of them on when there are more. */
const POOLED = 32n;

/** func newdefer() *_defer */
function newdefer(f: Frame): DeferView {
  const { world, mem } = f;
  const { length, setLength, at } = pool(f);
  if (length === 0n) return view(mem, defer, world.heap.persistent(defer.size));
  const slot = at + 8n * (length - 1n);
  const d = view(mem, defer, mem.peek(slot, 8));
  mem.poke(slot, 8, 0n);
  setLength(length - 1n);
  return d;
}

/** func freedefer(d *_defer) */
export function freedefer(f: Frame, d: DeferView): void {
  const { world, mem } = f;
  if (d._panic !== 0n) world.throw('freedefer with d._panic != nil');
  if (d.fn !== 0n) world.throw('freedefer with d.fn != nil');
  mem.pokeBytes(d.at, new Uint8Array(defer.size));
  const { length, setLength, at } = pool(f);
  if (length === POOLED) return;
  mem.poke(at + 8n * length, 8, d.at);
  setLength(length + 1n);
}

/** Defer the call of `fn`, the address of a funcval, until this frame is left. */
export function deferCall(f: Frame, name: string, fn: bigint): void {
  const { world, g } = f;
  const d = newdefer(f);
  [d.heap, d.sp, d.pc, d.fn, d.link] = [1n, f.sp, world.bridge.siteAddress(name, DEFERRETURN), fn, g._defer];
  g._defer = d.at;
}

/** func deferreturn(): make this frame's deferred calls, from the site of that name. */
export function* deferreturn(f: Frame): Body<void> {
  for (;;) {
    const at = f.g._defer;
    if (at === 0n) return;
    const d = view(f.mem, defer, at);
    if (d.sp !== f.sp) return;
    const { fn } = d;
    [d.fn, f.g._defer] = [0n, d.link];
    freedefer(f, d);
    f.setReg(R.dx, fn);
    yield { site: DEFERRETURN, target: f.mem.read(fn, 8), convention: 'ABIInternal' };
  }
}
