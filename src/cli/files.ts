/** The host's files, as the assembler wants them, and the project's own folders. */
import { isUtf8 } from 'node:buffer';
import {
  existsSync,
  fstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sources } from '#asm/preprocess.ts';
import { fail } from './fail.ts';
import { writeAll } from './output.ts';

export const hostFiles: Sources = {
  read: (path) => {
    if (!statsOf(path)?.isFile()) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (e) {
      return fail(`${path}: cannot be read: ${reason(e)}`);
    }
  },
};

/** Of what is there, and can be looked at. */
export const statsOf = (path: string): Stats | undefined => (existsSync(path) ? statSync(path) : undefined);

/** The same for all names of a file. */
export const fileId = ({ dev, ino }: Stats): string => `${dev}:${ino}`;

/** The folder of our stubs, from the bundle as from the sources. */
export function stubsDir(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const candidate = join(dir, 'src/runtime/stubs');
    if (existsSync(candidate)) return candidate;
    if (dir === dirname(dir)) fail('its own stubs are missing: install callgate again');
  }
}

/** All of a file, or of a pipe, which has nothing for whoever reads it again. */
export function readBytes(path: string): Buffer {
  try {
    const stats = statSync(path);
    if (stats.isFile() || stats.isFIFO()) return readFileSync(path);
  } catch (e) {
    const isMissing = (e as NodeJS.ErrnoException).code === 'ENOENT';
    fail(`${path}: ${isMissing ? 'no such file or directory' : `cannot be read: ${reason(e)}`}`);
  }
  return fail(`${path}: is not a file`);
}

export const readText = (path: string): string => new TextDecoder().decode(readBytes(path));

/** All of it or nothing: whoever looks finds the file as it was, or whole. A device or a pipe is written to as it is. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const there = statsOf(path);
  // /dev/stdout may be a file that others write to as well.
  if (there && fileId(there) === fileId(fstatSync(1))) return writeAll(1, bytes);
  try {
    if (there && !there.isFile()) return writeFileSync(path, bytes);
    const target = there ? realpathSync(path) : path;
    const part = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
    try {
      writeFileSync(part, bytes, { flag: 'wx', ...(there && { mode: there.mode }) });
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
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'there is no such folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of the path is no folder',
  EROFS: 'the file system is read-only',
};

/** The text of an assembly file: what cannot be one is refused in one line. */
export function readAssembly(path: string): string {
  const bytes = readBytes(path);
  if (bytes.subarray(0, 4).toString('latin1') === '\x7fELF') fail(`${path}: is an ELF file; give it Go assembly (.s)`);
  const nul = bytes.indexOf(0);
  if (nul >= 0) fail(`${path}: is not text: byte ${nul} is zero`);
  if (!isUtf8(bytes)) fail(`${path}: is not UTF-8 text`);
  const text = bytes.toString('utf8');
  if (text.trim() === '') fail(`${path}: is empty; nothing to assemble`);
  return text;
}
