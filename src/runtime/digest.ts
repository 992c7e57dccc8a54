/** A run in sixteen digits: equal when everything that happened was. */
import type { Event } from '#emu/trace/event.ts';

/** Two lanes of FNV-1a (Fowler, Noll, Vo), 32 bits each. */
const PRIME = 0x0100_0193;

export class Digest {
  #a = 0x811c_9dc5;
  #b = 0x1234_5678;

  observe = (e: Event): void => {
    switch (e.kind) {
      case 'insn': {
        this.#take(e.step.insn.address);
        this.#take(e.step.next);
        for (const [n, v] of e.step.gprs) this.#take(v ^ BigInt(n));
        for (const s of e.step.stores) {
          this.#take(s.address);
          this.#take(s.value);
        }
        return;
      }
      case 'syscall':
        return this.#text(e.text);
      case 'enter':
        this.#text(e.name);
        return this.#take(e.rsp);
      case 'leave':
        this.#text(e.name);
        return this.#text(e.result);
      case 'output':
        return this.#text(new TextDecoder().decode(e.bytes));
      case 'thread':
        return this.#take(BigInt(e.tid));
      case 'end':
        return this.#text(e.ending.kind);
      default:
        return this.#text(e.kind);
    }
  };

  toString(): string {
    return [this.#a, this.#b].map((v) => (v >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #text(s: string): void {
    for (let i = 0; i < s.length; i++) this.#word(s.charCodeAt(i));
  }
  #take(v: bigint): void {
    this.#word(Number(BigInt.asUintN(32, v)));
    this.#word(Number(BigInt.asUintN(32, v >> 32n)));
  }
  #word(v: number): void {
    this.#a = Math.imul(this.#a ^ v, PRIME);
    this.#b = Math.imul(this.#b ^ v ^ (this.#a >>> 15), PRIME);
  }
}
