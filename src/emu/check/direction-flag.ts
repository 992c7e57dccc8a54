/** psABI 3.2.1: the direction flag is clear when a C function is entered, and when code called from C returns. */
import type { Checker } from './checker.ts';

export const directionFlag: Checker = {
  name: 'direction-flag',
  because: 'both the psABI (3.2.1) and Go want DF clear at calls; with it set, memcpy and memmove run backwards',
  start:
    ({ machine, where }) =>
    (e) => {
      const crossing = (e.kind === 'enter' && e.convention === 'C') || e.kind === 'return';
      if (!crossing || !machine.cpu.flag('DF')) return undefined;
      const what = e.kind === 'enter' ? `${e.name} entered` : `returned to ${e.to}`;
      return {
        message: `${what} with the direction flag set`,
        pc: machine.cpu.rip,
        at: where(machine.cpu.rip),
        cause: undefined,
      };
    },
};
