/** AVX-512's suffixes: `.BCST.Z`, `.RN_SAE`. One of broadcast, SAE and the roundings, and behind it Z. */
import { type Control, type Decorations, roundings, undecorated } from '#emu/isa/evex.ts';

type Suffixes = Omit<Decorations, 'mask'>;

const isControl = (s: string): s is Control => s === 'SAE' || (roundings as readonly string[]).includes(s);

/** What they ask for, or in Go's words what is wrong with them. */
export function parseSuffixes(suffixes: readonly string[]): Suffixes | string {
  if (suffixes.length === 0) return undecorated;
  const zeroing = suffixes.at(-1) === 'Z';
  const rest = zeroing ? suffixes.slice(0, -1) : suffixes;
  const [first] = rest;
  if (rest.length > 1 || (first !== undefined && first !== 'BCST' && !isControl(first))) return whatIsWrong(suffixes);
  return { zeroing, broadcast: first === 'BCST', control: first === 'BCST' ? undefined : (first as Control) };
}

function whatIsWrong(suffixes: readonly string[]): string {
  const faults: string[] = [];
  const seen = new Set<string>();
  suffixes.forEach((s, i) => {
    if (s === 'Z') {
      if (i < suffixes.length - 1) faults.push('Z suffix should be the last');
    } else if (s !== 'BCST' && !isControl(s) && !seen.has(s)) faults.push(`unknown suffix "${s}"`);
    if (seen.has(s)) faults.push(`duplicate suffix "${s}"`);
    seen.add(s);
  });
  if (seen.has('BCST') && suffixes.some(isControl)) faults.push("can't combine rounding/SAE and broadcast");
  return faults.length ? faults.join('; ') : 'bad suffix combination';
}
