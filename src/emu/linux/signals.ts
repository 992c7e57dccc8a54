/** Signals: their x86-64 numbers (signal(7)), and sets of them as 64-bit masks. */

// biome-ignore format: table
const named = [
  'HUP',  'INT',  'QUIT', 'ILL',    'TRAP', 'ABRT', 'BUS',  'FPE',  'KILL', 'USR1', 'SEGV',   'USR2', 'PIPE', 'ALRM', 'TERM',  'STKFLT',
  'CHLD', 'CONT', 'STOP', 'TSTP',   'TTIN', 'TTOU', 'URG',  'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO',  'PWR',  'SYS',   'RTMIN',
] as const;

export const NSIG = 64;
export const SIGKILL = 9;
export const SIGSTOP = 19;

const bit = (signal: number): bigint => 1n << BigInt(signal - 1);

/** What no mask may block. */
export const UNBLOCKABLE = bit(SIGKILL) | bit(SIGSTOP);

const ALL = (1n << BigInt(NSIG)) - 1n;
/** The number of `SIGSEGV`. */
export const signalNumber = (name: `SIG${(typeof named)[number]}`): number =>
  named.findIndex((n) => `SIG${n}` === name) + 1;
const shortName = (signal: number): string => named[signal - 1] ?? `RT_${signal - 32}`;

/** `SIGUSR1`, `SIGRT_2`; a number when it is no signal. */
export function showSignal(signal: number): string {
  return signal >= 1 && signal <= NSIG ? `SIG${shortName(signal)}` : String(signal);
}

/** `[INT USR1]`; `~[KILL STOP]` when two thirds or more are in. */
export function showSet(mask: bigint): string {
  const members = (set: bigint): string[] => {
    const out: string[] = [];
    for (let s = 1; s <= NSIG; s++) if (set & bit(s)) out.push(shortName(s));
    return out;
  };
  const inside = members(mask);
  return inside.length >= Math.floor((NSIG * 2) / 3) ? `~[${members(ALL & ~mask).join(' ')}]` : `[${inside.join(' ')}]`;
}
