/**
 * Which instructions may run on silicon: one more reading of the rows, with V = nothing. A meaning that asks the machine
 * for something (a system call, a trap, the time, what CPUID says) is not executed there: the answer must be ours.
 */
import type { Instruction } from '../../decode/instruction.ts';
import type { Form } from '../../isa/form.ts';
import type { Ops } from '../../isa/ops.ts';

/** Words by which a meaning turns to the machine. */
const MACHINE: ReadonlySet<string> = new Set(['syscall', 'interrupt', 'cpuid', 'timestamp', 'random']);

/**
 * Meanings that do not ask, and answer for our machine all the same: which state components are enabled, the processor's
 * number, descriptor tables. And SYSENTER, which on Intel's CPUs is a way into the kernel, not #UD.
 */
const HOSTS = /^(SYSENTER|XGETBV|XSAVE|XRSTOR|RDPID|SMSW|S[GIL]DT|STR[WLQ]|LAR|LSL|VER[RW])/;

/**
 * `ours`: to be done by our own row. `pushesFlags`: stores RFLAGS, where silicon lets the trap flag show by which it is
 * single-stepped.
 */
export interface Verdict {
  readonly ours: boolean;
  readonly pushesFlags: boolean;
}

const known = new WeakMap<Form, Verdict>();

export function vet(insn: Instruction): Verdict {
  const verdict = known.get(insn.form) ?? read(insn);
  known.set(insn.form, verdict);
  return verdict;
}

function read({ form, operands }: Instruction): Verdict {
  // Bytes that nobody vouches for stay away from silicon; the interpreter says what it is that we lack.
  if (!form.meaning) return { ours: true, pushesFlags: false };
  const words = new Set<string>();
  form.meaning(noteTaker(words), ...operands);
  // Selectors name entries of the host's descriptor tables; and MOV to SS lets two instructions retire in one step.
  const segment = operands.some((p) => p.in === 'seg');
  const ours = segment || HOSTS.test(form.name) || [...words].some((w) => MACHINE.has(w));
  return { ours, pushesFlags: words.has('flags') && !words.has('setFlags') };
}

/** A value of no bits, in every shape that a word's result can have. */
const nothing: Record<string | symbol, unknown> = new Proxy(
  {},
  {
    get: (_, name) =>
      name === Symbol.iterator
        ? function* () {
            for (;;) yield nothing;
          }
        : nothing,
  },
);

function noteTaker(words: Set<string>): Ops<unknown> {
  return new Proxy({} as Ops<unknown>, {
    get: (_, word) => {
      words.add(String(word));
      return word === 'when' ? (_condition: unknown, then: () => void) => then() : () => nothing;
    },
  });
}
