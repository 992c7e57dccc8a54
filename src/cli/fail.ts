/** Bad input: one line to standard error and exit code 2. */

export class InputError extends Error {}

export function fail(message: string): never {
  throw new InputError(message);
}
