/** tmp */
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { isMnemonic } from '#emu/isa/forms/index.ts';
import { isPseudoInstruction } from '#asm/pseudo.ts';
test('x', () => { console.log(readFileSync('/tmp/avx/anames.txt', 'utf8').split('\n').filter((n) => !isMnemonic(n) && !isPseudoInstruction(n)).join(' ')); });
