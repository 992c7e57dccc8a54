/** All text that one run of the assembler reads, end to end, so that a place in any of it is one number. */

export class Texts {
  readonly #texts: { readonly base: number; readonly text: string }[] = [];
  #end = 0;

  /** Returns the place where the text begins. */
  add(text: string): number {
    const base = this.#end;
    this.#texts.push({ base, text });
    // One more, so that the end of a text is a place of its own.
    this.#end = base + text.length + 1;
    return base;
  }

  /** Do two places lie in one line of one text? */
  areInOneLine(a: number, b: number): boolean {
    const from = Math.min(a, b);
    const to = Math.max(a, b);
    const { base, text } = this.#texts.findLast((t) => t.base <= from)!;
    return to <= base + text.length && !text.slice(from - base, to - base).includes('\n');
  }
}
