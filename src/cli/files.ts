/** The host's files, as the assembler wants them, and the project's own folders. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sources } from '#asm/preprocess.ts';
import { fail } from './fail.ts';

export const hostFiles: Sources = {
  read: (path) => (existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined),
};

/** The folder of our stubs, from the bundle as from the sources. */
export function stubsDir(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const candidate = join(dir, 'src/runtime/stubs');
    if (existsSync(candidate)) return candidate;
    if (dir === dirname(dir)) fail('its own stubs are missing: install callgate again');
  }
}

/** The bytes of a file to execute. */
export function readExecutable(path: string): Buffer {
  if (!existsSync(path)) fail(`${path}: no such file or directory`);
  if (!statSync(path).isFile()) fail(`${path}: is not a file`);
  try {
    return readFileSync(path);
  } catch (e) {
    return fail(`${path}: cannot be read: ${reason(e)}`);
  }
}

export const readText = (path: string): string => new TextDecoder().decode(readExecutable(path));

/** All of it or nothing: whoever looks finds the file as it was, or whole. A device or a pipe is written to as it is. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  try {
    if (existsSync(path) && !statSync(path).isFile()) return writeFileSync(path, bytes);
    const target = existsSync(path) ? realpathSync(path) : path;
    const part = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
    try {
      writeFileSync(part, bytes, { flag: 'wx', ...(existsSync(target) && { mode: statSync(target).mode }) });
      renameSync(part, target);
    } catch (e) {
      rmSync(part, { force: true });
      throw e;
    }
  } catch (e) {
    fail(`${path}: cannot be written: ${reason(e)}`);
  }
}

/** With the folders above it; one that is there is left as it is. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (e) {
    fail(`${path}: cannot be made: ${reason(e)}`);
  }
}

/** What the system said, in words for what happens to everybody. */
function reason(e: unknown): string {
  const { code } = e as NodeJS.ErrnoException;
  return code === undefined ? String(e) : (REASONS[code] ?? code);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of the path is no folder',
  EROFS: 'the file system is read-only',
};

/** Refuse, in one line, what cannot be assembly text. */
export function checkAssemblyFile(path: string): void {
  const bytes = readExecutable(path);
  if (bytes.subarray(0, 4).toString('latin1') === '\x7fELF') fail(`${path}: is an ELF file; give it Go assembly (.s)`);
  const nul = bytes.indexOf(0);
  if (nul >= 0) fail(`${path}: is not text: byte ${nul} is zero`);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    fail(`${path}: is not UTF-8 text`);
  }
  if (bytes.toString('utf8').trim() === '') fail(`${path}: is empty; nothing to assemble`);
}
