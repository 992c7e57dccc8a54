/** Intel's encoding notation, parsed. SDM vol. 2, 3.1.1.1. */

export interface Encoding {
  /** As written in the row. */
  readonly text: string;
  /** Mandatory or operand-size prefix; 'NP' when none may be there; undefined when it does not matter. */
  readonly prefix: 0x66 | 0xf2 | 0xf3 | 'NP' | undefined;
  readonly w: boolean;
  /** Bytes before the opcode: '' | '0F' | '0F38' | '0F3A'. */
  readonly map: string;
  readonly opcode: number;
  /** The opcode's low three bits are a register. */
  readonly plusR: boolean;
  /** There is a ModRM byte. */
  readonly modrm: boolean;
  /** /digit: fixed contents of ModRM.reg. */
  readonly digit: number | undefined;
  /** A whole ModRM byte that belongs to the opcode (0F 01 F9). */
  readonly fixed: number | undefined;
  /** Sizes in bytes of the immediates and displacements behind it. */
  readonly tail: readonly number[];
}

const tailSize: Record<string, number> = { ib: 1, iw: 2, id: 4, io: 8, cb: 1, cd: 4 };

/** Throws on notation it does not know: a mistyped row must not pass. */
export function parseEncoding(text: string): Encoding {
  const words = text.split(' ');
  let prefix: Encoding['prefix'];
  let w = false;
  let plusR = false;
  let modrm = false;
  let digit: number | undefined;
  const bytes: number[] = [];
  const tail: number[] = [];
  for (const word of words) {
    if (word === 'NP') prefix = 'NP';
    else if (word === 'REX.W') w = true;
    else if (word === '/r') modrm = true;
    else if (/^\/[0-7]$/.test(word)) {
      modrm = true;
      digit = Number(word[1]);
    } else if (word in tailSize) tail.push(tailSize[word]!);
    else if (/^[0-9A-F]{2}(\+r)?$/.test(word)) {
      const byte = Number.parseInt(word, 16);
      if (bytes.length === 0 && words.length > 1 && (byte === 0x66 || byte === 0xf2 || byte === 0xf3)) prefix = byte;
      else bytes.push(byte);
      plusR = word.endsWith('+r');
    } else throw new Error(`encoding '${text}': what is '${word}'?`);
  }
  let map = '';
  if (bytes[0] === 0x0f && bytes.length > 1)
    map =
      (bytes[1] === 0x38 || bytes[1] === 0x3a) && bytes.length > 2 ? `0F${bytes[1].toString(16)}`.toUpperCase() : '0F';
  const [opcode, fixed, ...rest] = bytes.slice(map.length / 2);
  if (opcode === undefined || rest.length) throw new Error(`encoding '${text}': one opcode byte expected`);
  return { text, prefix, w, map, opcode, plusR, modrm: modrm || fixed !== undefined, digit, fixed, tail };
}
