/** A plain call of any assembled function, as Go code would make it. */
import { R } from '#emu/cpu/layout.ts';
import { hex } from '../go/show.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario } from '../scenario.ts';
import { stackNames } from '../world.ts';

/** Integer argument registers of ABIInternal, in order (cmd/compile/abi-internal.md). */
const argRegisters = [R.ax, R.bx, R.cx, R.di, R.si, R.r8, R.r9, R.r10, R.r11] as const;
/** Argument words given to a function that does not say how many it has. */
const UNKNOWN_ARGS = 128;

/**
 * Call `symbol` with the given words: on the stack from 0(FP) on for ABI0, in registers for ABIInternal. `argBytes`
 * is the size of its arguments and results; undefined when the source does not say.
 */
export function callScenario(
  symbol: string,
  abi: 'ABI0' | 'ABIInternal',
  argBytes: number | undefined,
  args: readonly bigint[],
): Scenario {
  const area = (Math.max(argBytes ?? UNKNOWN_ARGS, 8 * args.length) + 7) & ~7;
  const main: Model = {
    name: 'main.call',
    convention: 'ABIInternal',
    frame: (area + 15) & ~15,
    sites: sites(symbol),
    *body(f) {
      for (let at = 0; at + 8 <= area; at += 8) f.set(at, 0n);
      args.forEach((v, i) => {
        if (abi === 'ABI0') f.set(8 * i, v);
        else if (argRegisters[i] !== undefined) f.setReg(argRegisters[i], v);
      });
      yield { site: symbol, target: symbol, convention: abi };
      if (abi === 'ABIInternal') return `AX=${hex(f.reg(R.ax))} BX=${hex(f.reg(R.bx))}`;
      const words = Array.from({ length: Math.ceil((argBytes ?? 0) / 8) }, (_, i) => hex(f.get(8 * i)));
      return words.join(' ');
    },
  };
  return {
    name: symbol,
    why: `a call of ${symbol}`,
    stubs: [symbol],
    stacks: stackNames,
    globals: { _cgo_mmap: 'x_cgo_mmap', _cgo_munmap: 'x_cgo_munmap', _cgo_sigaction: 'x_cgo_sigaction' },
    situations: [{ name: 'call', fail: [], ends: { kind: 'done' } }],
    main: () => main,
  };
}
