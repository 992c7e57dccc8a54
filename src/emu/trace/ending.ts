/** How a run ended, in words that fit both a line of their own and "the run ended with …". */
import type { Ending } from './event.ts';

export function endingText(e: Ending): string {
  switch (e.kind) {
    case 'done':
      return 'a return';
    case 'exit':
      return `exit status ${e.status}`;
    case 'signal':
      return `${e.signal}: ${e.detail}`;
    case 'unknown-syscall':
      return `system call ${e.number} (${e.name}), which is not in the table`;
    case 'no-meaning':
      return `${e.what}, which callgate cannot execute yet`;
    case 'no-model':
      return `a call of ${e.name}, which has no model`;
    case 'blocked':
      return `${e.on}, which waits for ever`;
    case 'budget':
      return `its budget of ${e.retired} instructions used up`;
    case 'lost':
      return e.detail;
  }
}
