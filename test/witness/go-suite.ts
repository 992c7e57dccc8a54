/** The suite of Go's own assembler for amd64: every line of it that says which bytes it must become. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { assemble } from '#asm/assemble.ts';
import type { ObjectFile } from '#asm/object.ts';
import { goroot } from './go.ts';

const testdata = `${goroot}/src/cmd/asm/internal/asm/testdata`;

/** Paths of the files whose lines carry bytes. */
export function suiteFiles(): string[] {
  const avx512 = readdirSync(`${testdata}/avx512enc`).filter((f) => f.endsWith('.s'));
  return ['amd64.s', 'amd64enc.s', 'amd64enc_extra.s', ...avx512.map((f) => `avx512enc/${f}`)].map(
    (f) => `${testdata}/${f}`,
  );
}
export const errorFile = `${testdata}/amd64error.s`;

export const nameOf = (path: string): string => path.slice(testdata.length + 1);

export interface SuiteLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** In hexadecimal. One instruction may have several encodings. */
  readonly either: readonly string[];
}

/** `instruction // bytes`, or `instruction // printed form // bytes`; lines that are comments are not instructions. */
export function suiteLines(path: string): SuiteLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      const [text, ...notes] = line.split('//').map((part) => part.trim());
      const bytes = notes.at(-1) ?? '';
      if (!text || !/^([0-9a-f]{2})+( or ([0-9a-f]{2})+)*$/.test(bytes)) return [];
      return [{ number: i + 1, text, either: bytes.split(' or ') }];
    });
}

/** The whole file, as one reads it from disk. */
export function assembleFile(path: string): ObjectFile {
  const read = (p: string): string | undefined => {
    try {
      return readFileSync(p, 'utf8');
    } catch {
      return undefined;
    }
  };
  return assemble(path, { read }, { includeDirs: [dirname(path)], defines: {} });
}

/** What each line of a file became, in hexadecimal. */
export function bytesByLine({ functions }: ObjectFile): Map<number, string> {
  return new Map(
    functions.flatMap(({ lines, code }) =>
      lines.map(({ offset, value }, i): [number, string] => [
        value.line,
        Buffer.from(code.subarray(offset, lines[i + 1]?.offset)).toString('hex'),
      ]),
    ),
  );
}

/** Lines of the error file with what must be said of them, and all its other lines with undefined. */
export function expectedErrors(): (string | undefined)[] {
  return readFileSync(errorFile, 'utf8')
    .split('\n')
    .map((line) => /\/\/ ERROR "(.*)"/.exec(line)?.[1]);
}
