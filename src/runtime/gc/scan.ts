/** What the collector finds on a goroutine's stack: scanstack (runtime/mgcmark.go), with findObject (mbitmap.go) as its judge. */
import { hex } from '#emu/trace/text.ts';
import type { Span } from '../heap.ts';
import { defer, G, gobuf, SCAN } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { GView, World } from '../world.ts';
import { isShrinkStackSafe, shrinkstack } from './copystack.ts';
import { siteOf } from './function.ts';
import { getStackMap, type Words } from './maps.ts';
import type { RetiredStack } from './stacks.ts';
import { gentraceback } from './unwind.ts';

/** A live slot whose pointer is one of the past: it leads to memory that is nobody's, or to a stack that has been left. */
export interface StaleSlot {
  readonly goid: bigint;
  /** The function whose frame holds it, and where that function stands; "defer" for a deferred call's. */
  readonly frame: string;
  readonly site: string | undefined;
  readonly pc: bigint;
  readonly slot: bigint;
  readonly value: bigint;
  readonly retired: RetiredStack | undefined;
}

/** mspan.state as badPointer prints it (mheap.go). */
const STATES: Readonly<Record<Span['state'], number>> = { free: 0, inUse: 1, manual: 2 };

/** Where a slot is, for what is said of it. */
type Place = Pick<StaleSlot, 'frame' | 'site' | 'pc'>;

/** func scanstack(gp *g, gcw *gcWork). Whoever calls it has set the scan bit. */
export function scanstack(w: World, gp: GView): void {
  checkStatus(w, gp);
  if (gp.at === w.currentG) w.throw("can't scan our own stack");
  if (isShrinkStackSafe(gp)) shrinkstack(w, gp);
  else gp.preemptShrink = 1n;
  scanword(w, gp, { frame: 'sched', site: undefined, pc: 0n }, gp.sched + BigInt(gobuf.fields.ctxt[0]));
  for (const frame of gentraceback(w, gp, 'precise')) {
    const { fn, pc } = frame;
    const place = { frame: fn.name, site: siteOf(w, fn, pc), pc };
    const { locals, args } = getStackMap(w, frame);
    for (const words of [locals, args]) scanwords(w, gp, place, words);
  }
  scandefers(w, gp);
}

function checkStatus(w: World, gp: GView): void {
  const { goid, atomicstatus } = gp;
  const who = `gp=${hex(gp.at)}, goid=${goid}, gp->atomicstatus=`;
  if ((atomicstatus & SCAN) === 0n) {
    w.print(`runtime:scanstack: ${who}${hex(atomicstatus)}\n`);
    w.throw('scanstack - bad status');
  }
  const status = Number(atomicstatus & ~SCAN);
  if (status === G.runnable || status === G.syscall || status === G.waiting) return;
  w.print(`runtime: ${who}${atomicstatus}\n`);
  w.throw(status === G.running ? 'scanstack: goroutine not stopped' : 'mark - bad status');
}

function scandefers(w: World, gp: GView): void {
  const place = { frame: 'defer', site: undefined, pc: 0n };
  for (let d = gp._defer; d !== 0n; ) {
    const record = view(w.machine.mem, defer, d);
    for (const field of ['fn', 'link'] as const) scanword(w, gp, place, d + BigInt(defer.fields[field][0]));
    d = record.link;
  }
}

const scanword = (w: World, gp: GView, place: Place, slot: bigint): void =>
  scanwords(w, gp, place, { base: slot, pointers: [slot] });

function scanwords(w: World, gp: GView, place: Place, { base, pointers }: Words): void {
  for (const slot of pointers) {
    const value = w.machine.mem.peek(slot, 8);
    if (value === 0n) continue;
    const retired = w.stacks.retiredAt(value);
    const span = w.heap.spanOf(value);
    if (span?.state !== 'free' && !retired) continue;
    const found: StaleSlot = { goid: gp.goid, ...place, slot, value, retired };
    w.stale.push(found);
    w.tell(`a scan finds that ${describe(found)}`);
    if (span?.state === 'free') badPointer(w, span, value, base, slot - base);
    // Go lets pointers into stacks pass, those of the past as well: by luck nothing happens.
    w.expect(false, 'stale-pointer', describe(found));
  }
}

function describe({ goid, frame, site, slot, value, retired }: StaleSlot): string {
  const holder = `goroutine ${goid}'s frame of ${frame}${site === undefined ? '' : ` (${site})`}`;
  const what = retired ? `a stack that was left, [${hex(retired.lo)},${hex(retired.hi)})` : 'a free span';
  return `${holder} has a live slot, ${hex(slot)}, with ${hex(value)}: in ${what}`;
}

/** func badPointer(s *mspan, p, refBase, refOff uintptr) */
function badPointer(w: World, { base, size, state }: Span, p: bigint, refBase: bigint, refOff: bigint): never {
  const bounds = `span.base()=${hex(base)} span.limit=${hex(base + size)} span.state=${STATES[state]}`;
  w.print(`runtime: pointer ${hex(p)} to unallocated span ${bounds}\n`);
  w.print(`runtime: found in object at *(${hex(refBase)}+${hex(refOff)})\n`);
  return w.throw('found bad pointer in Go heap (incorrect use of unsafe or cgo?)');
}
