/** The historic fixes, each a switch: what Go did before it is what happens without it. */

export interface Fix {
  readonly name: string;
  /** Which of the five regressions it mends; undefined for one that only goes with another. */
  readonly mends: 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | undefined;
  /** Go's commit and the releases that have it. */
  readonly commit: string;
  readonly since: string;
  readonly what: string;
}

// biome-ignore format: table
export const fixes = [
  { name: 'msanwrite',              mends: 'R1', commit: '8f3f2ccac0', since: '1.6 to 1.15',   what: "a callback's results are marked as written for MSan" },
  { name: 'keepalive',              mends: 'R2', commit: 'f6bff1d587', since: '1.8',           what: 'fn and arg live until cgocall is back from exitsyscall' },
  { name: 'reentersyscall',         mends: 'R3', commit: '7283e08cbf', since: '1.4',           what: 'cgocallbackg goes back into the system call with the PC and SP it came with' },
  { name: 'munmap-intercept',       mends: 'R4', commit: 'f425f54957', since: '1.9',           what: 'munmap goes through C as mmap does' },
  { name: 'race-after-exitsyscall', mends: 'R5', commit: 'e496e612b7', since: '1.12, 1.11.4',  what: 'cgocall enters the race detector after exitsyscall, when it has a P again' },
  { name: 'clear-m-p',              mends: undefined, commit: '8e0ec5ec09', since: '1.12',     what: 'm.p is 0 in a system call, the old P is kept in m.oldp' },
] as const satisfies readonly Fix[];

export type FixName = (typeof fixes)[number]['name'];

/** Throws, naming the switches there are. */
export function fixNamed(name: string): FixName {
  const found = fixes.find((f) => f.name === name);
  if (!found) throw new UnknownFix(`no fix '${name}'; there are ${fixes.map((f) => f.name).join(', ')}`);
  return found.name;
}

export class UnknownFix extends Error {}
