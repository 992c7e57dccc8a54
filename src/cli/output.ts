/** Many lines to standard output, in few writes; quiet when the reader has gone. */
import { writeSync } from 'node:fs';
import { fail } from './fail.ts';

export interface Output {
  (line: string): void;
  flush(): void;
}

const CHUNK = 1 << 16;

export function output(): Output {
  let lines: string[] = [];
  let size = 0;
  const flush = (): void => {
    if (!lines.length) return;
    writeAll(1, Buffer.from(`${lines.join('\n')}\n`));
    lines = [];
    size = 0;
  };
  const print = (line: string): void => {
    lines.push(line);
    size += line.length;
    if (size > CHUNK) flush();
  };
  return Object.assign(print, { flush });
}

/** A pipe may take only part of it, or be full for now, or be closed (`| head`). */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.length) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (e) {
      const { code } = e as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN') fail(`cannot write to standard ${fd === 1 ? 'output' : 'error'}: ${code ?? String(e)}`);
    }
  }
}
