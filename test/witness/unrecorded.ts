/** Rows without vectors, each with the reason. */
import type { Form } from '#emu/isa/form.ts';

// biome-ignore format: table
const reasons: readonly (readonly [names: RegExp, reason: string])[] = [
  [/^(RETF|IRET)[WLQ]$/, 'what a processor does before it refuses a selector is its own affair: test/emu/far.test.ts'],
  [/^SYSCALL$/,          'the kernel answers'],
  [/^SYSENTER(64)?$/,         "on Intel's processors it enters the kernel"],
  [/^CPUID$/,            'the answer is the CPU model’s'],
  [/^ICEBP$/,            'hypervisors let it trap with RIP at it rather than behind it'],
  [/^XGETBV$/,           'the answer is the kernel’s choice of state components'],
  [/^RDTSCP?$/,          'the answer is the time'],
  [/^(RDRAND|RDSEED)[WLQ]$/, 'the answer is chance'],
  [/^RDPID$/,            'the answer is the number of the processor it runs on'],
  [/^L[SFG]SQ$/,         'AMD’s processors load 32 bits of the offset'],
  [/^INVPCID$/,          'privileged where it is, #UD elsewhere'],
  [/^UD1$/,              'the row of Go’s bytes has no operands'],
  [/^(SLDT|STR)[WLQ]$|^SMSW[WLQ]$|^S[GI]DT$/, 'the kernel answers in place of the CPU (UMIP)'],
];

// biome-ignore format: table
const absent: readonly (readonly [names: RegExp, encodings: RegExp, reason: string])[] = [
  [/^K[A-Z]+$/,          /./,           'AVX-512 is on no model'],
];

/** Why there are no vectors of a row that has a meaning; undefined: there are. */
export const unrecorded = (f: Form): string | undefined =>
  isFarBranch(f) ? reasons[0]![1] : reasons.find(([names]) => names.test(f.name))?.[1];
/** CALL and JMP through a far pointer in memory. */
const isFarBranch = (f: Form): boolean => /^(66 )?FF \/[35]$/.test(f.encoding.text);
/** Why a row has no meaning. */
export const meaningless = (f: Form): string | undefined =>
  absent.find(([names, encodings]) => names.test(f.name) && encodings.test(f.encoding.text))?.[2];
export const reasonRows = [...reasons, ...absent];
