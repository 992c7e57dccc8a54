/** What went wrong, in one line: the only file that knows every kind of error, and so is loaded when there is one. */
import { LinkError } from '#asm/link.ts';
import { ElfError } from '#emu/linux/elf.ts';
import { RuleError } from '#emu/linux/rules.ts';
import { UnknownFix } from '#runtime/fixes.ts';
import { UnknownTrial } from '#runtime/regress/trials.ts';
import { ImageTooLarge } from '#runtime/world.ts';
import { AssemblyErrors } from './assembly.ts';
import { diagnosticsText } from './diagnostics.ts';
import { InputError } from './fail.ts';

/**
 * One line for what the user got wrong; our own mistakes are said to be ours, and what `file` they were made on.
 * Returns the exit code.
 */
export function explain(e: unknown, file?: string): number {
  if (e instanceof AssemblyErrors || e instanceof LinkError) {
    console.error(diagnosticsText(e.diagnostics, e instanceof AssemblyErrors ? e.options : {}));
    return 2;
  }
  if (e instanceof UnknownTrial || e instanceof UnknownFix) {
    console.error(`callgate: ${e.message}`);
    return 2;
  }
  if (e instanceof InputError || e instanceof ElfError || e instanceof RuleError || e instanceof ImageTooLarge) {
    console.error(`callgate: ${e.message}`);
    return 2;
  }
  const said = e instanceof Error ? `${e.name}: ${e.message}` : String(e);
  console.error(`callgate: ${file === undefined ? '' : `${file}: `}internal error, please report it: ${said}`);
  if (process.env['CALLGATE_DEBUG'] && e instanceof Error) console.error(e.stack);
  return 70;
}
