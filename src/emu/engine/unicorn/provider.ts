/** Where Unicorn comes from: the npm package unicorn.js, a file of it that the user names, or the system's library. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { loadNative } from './native.ts';
import { sentence, type UnicornModule } from './surface.ts';

const PACKAGE = '@alexaltea/unicorn-js/x86';
const LIBRARY = 'libunicorn.so.2';

/** No provider works on this machine. The message is one line that says what to do. */
export class NoUnicorn extends Error {
  override readonly name = 'NoUnicorn';
}

/** `file`: unicorn.js itself, in place of looking for one. */
export async function loadUnicorn(file?: string): Promise<UnicornModule> {
  const require = createRequire(import.meta.url);
  if (file !== undefined) {
    try {
      return await fromScript(require(resolve(file)));
    } catch (e) {
      throw new NoUnicorn(`${file}: this is no unicorn.js (${firstLine(e)})`);
    }
  }
  let script: string | undefined;
  try {
    script = require.resolve(PACKAGE);
  } catch {
    // Not installed: it is optional.
  }
  if (script !== undefined) return fromScript(require(script));
  try {
    return await loadNative(LIBRARY);
  } catch (e) {
    throw new NoUnicorn(
      `no Unicorn here (${firstLine(e)}): apt-get install libunicorn2, or npm install @alexaltea/unicorn-js, or --unicorn-js FILE`,
    );
  }
}

/** The script's export is a factory, MUnicorn, that promises the module. */
export async function fromScript(exported: unknown): Promise<UnicornModule> {
  const factory = (exported as { default?: unknown } | undefined)?.default ?? exported;
  if (typeof factory !== 'function') throw new Error('it exports no factory');
  return (await factory()) as UnicornModule;
}

const firstLine = (e: unknown): string => sentence(e).split('\n')[0]!;
