/** What CPU this is. */
import { existsSync, readFileSync } from 'node:fs';
import type { Feature } from '#emu/isa/feature.ts';
import type { Form } from '#emu/isa/form.ts';

/** Linux's names of CPUID bits, where they are not the manual's in small letters. */
// biome-ignore format: table
const linuxNames: Partial<Record<Feature, string>> = {
  CMPXCHG16B: 'cx16', LAHF: 'lahf_lm', LZCNT: 'abm', PREFETCHW: '3dnowprefetch', SHA: 'sha_ni', SSE3: 'pni', 'SSE4.1': 'sse4_1', 'SSE4.2': 'sse4_2',
};
const path = '/proc/cpuinfo';
const cpuinfo = existsSync(path) ? readFileSync(path, 'utf8') : '';
const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? '?';
const flags = new Set(field('flags').split(' '));

export const hostName = `${field('vendor_id')} family ${field('cpu family')} model ${field('model')}`;
/** A row that this CPU does not have: there it is #UD, which says nothing. */
export const isMissing = ({ feature, elseIgnored }: Form): boolean =>
  feature !== undefined && !elseIgnored && !flags.has(linuxNames[feature] ?? feature.toLowerCase());
