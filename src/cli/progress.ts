/** A line on a terminal's standard error while something takes time; gone when it is done. */

const shows = (): boolean => process.stderr.isTTY === true;

let isShown = false;

export function progress(what: string): void {
  if (!shows()) return;
  isShown = true;
  process.stderr.write(`\r\x1b[K${what}…`);
}

export function progressDone(): void {
  if (isShown) process.stderr.write('\r\x1b[K');
  isShown = false;
}
