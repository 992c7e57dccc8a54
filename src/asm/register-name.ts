/** Every register name Go's amd64 assembler knows, pseudo-registers included. */
import type { RegisterName } from './syntax.ts';

const numbered = (prefix: string, count: number, suffix = '') =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}${suffix}`);

const names = new Set<string>([
  ...['AL', 'CL', 'DL', 'BL', 'SPB', 'BPB', 'SIB', 'DIB', 'AH', 'CH', 'DH', 'BH'],
  ...['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI'],
  ...numbered('R', 16).slice(8),
  ...numbered('R', 16, 'B').slice(8),
  ...[...numbered('F', 8), ...numbered('M', 8), ...numbered('K', 8)],
  ...[...numbered('X', 32), ...numbered('Y', 32), ...numbered('Z', 32)],
  ...['CS', 'SS', 'DS', 'ES', 'FS', 'GS'],
  ...['GDTR', 'IDTR', 'LDTR', 'MSW', 'TASK'],
  ...[...numbered('CR', 16), ...numbered('DR', 8), ...numbered('TR', 8)],
  'TLS',
]);

/** Names that stand for a way of addressing, not for hardware. SP is both, and so counts as hardware when it is bare. */
const pseudo = new Set<string>(['SB', 'FP', 'PC']);

/** The register a word names: itself, R14 for `g`, undefined when it is no register. */
export function registerNamed(word: string): RegisterName | undefined {
  if (word === 'g') return 'R14';
  return names.has(word) || pseudo.has(word) ? word : undefined;
}

export function isPseudoRegister(name: RegisterName): boolean {
  return pseudo.has(name);
}
