/** What text is made of: words, each kept once. */
import type { Macro } from './macro.ts';

export type WordKind =
  | 'identifier'
  | 'integer'
  | 'float'
  | 'char'
  | 'string'
  | 'punctuation'
  | 'newline'
  /** A `//go:build` line. */
  | 'build'
  | 'end';

/** In Go's names the middle dot stands for a dot and the division slash for a slash. */
const plain = (text: string): string =>
  text.includes('·') || text.includes('∕') ? text.replaceAll('·', '.').replaceAll('∕', '/') : text;

/** What is written alike in one run of the assembler is one word, so that equal words are the same object. */
export class Word {
  readonly kind: WordKind;
  readonly written: string;
  /** Not longer or shorter, but with the `.` and `/` that `·` and `∕` stand for. */
  readonly text: string;
  /** A number to find it by. */
  readonly hash: number;
  /** What is wrong with it. Reported where it is used, since text switched off by #ifdef need not be assembly. */
  readonly error: string | undefined;
  #macro: Macro | undefined;
  #isPlain: boolean;

  constructor(kind: WordKind, written: string, hash: number, error?: string) {
    this.kind = kind;
    this.written = written;
    this.text = plain(written);
    this.hash = hash;
    this.error = error;
    this.#isPlain = this.#isAlwaysPlain;
  }

  /** It is for the parser, as it stands, and a statement goes on behind it. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  get #isAlwaysPlain(): boolean {
    const { kind, text } = this;
    if (kind === 'newline' || kind === 'build' || kind === 'end' || this.error !== undefined) return false;
    return kind !== 'punctuation' || (text !== '#' && text !== ';' && text !== ':');
  }

  /** What #define has made of it. */
  get macro(): Macro | undefined {
    return this.#macro;
  }

  set macro(macro: Macro | undefined) {
    this.#macro = macro;
    this.#isPlain = macro === undefined && this.#isAlwaysPlain;
  }
}

/** ASCII punctuation, by code. */
export const marks: readonly Word[] = Array.from({ length: 128 }, (_, code) => {
  return new Word('punctuation', String.fromCharCode(code), code);
});
export const [colon, semicolon] = [marks[0x3a], marks[0x3b]];
export const endOfText = new Word('end', 'EOF', 0);
export const newline = new Word('newline', '\n', 10);
export const buildConstraint = new Word('build', '//go:build', 0);

/** A power of two. */
const RECENT = 4096;

/** The words of one run of the assembler. */
export class Words {
  readonly #all = new Map<string, Word>();
  /** By hash, and only the latest of each: finding is as fast when somebody makes texts with the same one on purpose. */
  readonly #recent: (Word | undefined)[] = new Array(RECENT).fill(undefined);

  /** The word that stands in `text` from `from` to `to`; `hash` is what its reader has made of it. */
  at(text: string, from: number, to: number, hash: number, kind: WordKind, error?: string): Word {
    const slot = hash & (RECENT - 1);
    const recent = this.#recent[slot];
    if (recent?.hash === hash && recent.written.length === to - from && text.startsWith(recent.written, from)) {
      return recent;
    }
    const written = text.slice(from, to);
    let word = this.#all.get(written);
    if (word === undefined) {
      word = new Word(kind, written, hash, error);
      this.#all.set(written, word);
    }
    this.#recent[slot] = word;
    return word;
  }
}
