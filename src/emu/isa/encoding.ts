/** Intel's encoding notation, parsed. SDM vol. 2, 3.1.1.1. */

export interface Encoding {
  /** As written in the row. */
  readonly text: string;
  /** Mandatory or operand-size prefix; 'NP' when none, 'NFx' when no F2 or F3 may be there; undefined: no matter. */
  readonly prefix: 0x66 | 0xf2 | 0xf3 | 'NP' | 'NFx' | undefined;
  /** 66 beside F2 or F3: `66 F3 0F BD` is LZCNT of 16 bits. */
  readonly size: boolean;
  /** 67: half the address size. */
  readonly address: boolean;
  readonly w: boolean;
  /** Bytes before the opcode: '' | '0F' | '0F38' | '0F3A', or 'VEX.0F', 'EVEX.0F' … where such a prefix says so. */
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
  /** VEX rows: vector length bit L (undefined: LIG) and W (undefined: WIG). `prefix`, `w` and `map` are in the prefix. */
  readonly vex: { readonly l: 0 | 1 | undefined; readonly w: 0 | 1 | undefined } | undefined;
  /** EVEX rows: vector length L'L, and the rest as for VEX. */
  readonly evex: { readonly l: 0 | 1 | 2 | undefined; readonly w: 0 | 1 | undefined } | undefined;
}

const tailSize: Record<string, number> = { ib: 1, '/is4': 1, iw: 2, id: 4, io: 8, cb: 1, cd: 4 };

const vexPrefix: Record<string, Encoding['prefix']> = { NP: 'NP', 66: 0x66, F2: 0xf2, F3: 0xf3 };
const vexLength: Record<string, 0 | 1 | 2> = { 128: 0, 256: 1, 512: 2, LZ: 0, L0: 0, L1: 1 };

/** `VEX.256.66.0F38.W0`: SDM vol. 2, 3.1.1.2. Parts may be left out: no prefix, LIG, WIG. */
function parseVex(text: string): Pick<Encoding, 'prefix' | 'map' | 'vex' | 'evex' | 'w'> {
  const [kind, ...parts] = text.split('.');
  let prefix: Encoding['prefix'] = 'NP';
  let map = '';
  let l: 0 | 1 | 2 | undefined;
  let w: 0 | 1 | undefined;
  for (const part of parts) {
    if (part in vexPrefix) prefix = vexPrefix[part];
    else if (part in vexLength) l = vexLength[part];
    else if (/^0F(38|3A)?$/.test(part)) map = `${kind}.${part}`;
    else if (part === 'W0' || part === 'W1') w = part === 'W1' ? 1 : 0;
    else if (part !== 'LIG' && part !== 'WIG') throw new Error(`encoding '${text}': what is '${part}'?`);
  }
  if (!map) throw new Error(`encoding '${text}': 0F, 0F38 or 0F3A expected`);
  if (kind === 'EVEX') return { prefix, map, vex: undefined, evex: { l, w }, w: w === 1 };
  if (l === 2) throw new Error(`encoding '${text}': VEX has no 512 bits`);
  return { prefix, map, vex: { l, w }, evex: undefined, w: w === 1 };
}

/** Throws on notation it does not know: a mistyped row must not pass. */
export function parseEncoding(text: string): Encoding {
  const all = text.split(' ');
  const vexed = /^E?VEX\./.test(all[0]!) ? parseVex(all[0]!) : undefined;
  const words = vexed ? all.slice(1) : all;
  let prefix = vexed?.prefix;
  let size = false;
  let address = false;
  let w = vexed?.w ?? false;
  let plusR = false;
  let modrm = false;
  let digit: number | undefined;
  const bytes: number[] = [];
  const tail: number[] = [];
  for (const word of words) {
    if (word === 'NP' || word === 'NFx') prefix = word;
    else if (word === '67' && !vexed && word === words[0] && words.length > 2) address = true;
    else if (word === 'REX.W') w = true;
    else if (word === '/r') modrm = true;
    else if (/^\/[0-7]$/.test(word)) {
      modrm = true;
      digit = Number(word[1]);
    } else if (word in tailSize) tail.push(tailSize[word]!);
    else if (/^[0-9A-F]{2}(\+r)?$/.test(word)) {
      const byte = Number.parseInt(word, 16);
      if (!vexed && bytes.length === 0 && words.length > 1 && (byte === 0x66 || byte === 0xf2 || byte === 0xf3)) {
        size = prefix === 0x66;
        prefix = byte;
      } else bytes.push(byte);
      plusR = word.endsWith('+r');
    } else throw new Error(`encoding '${text}': what is '${word}'?`);
  }
  let map = vexed?.map ?? '';
  if (!vexed && bytes[0] === 0x0f && bytes.length > 1)
    map =
      (bytes[1] === 0x38 || bytes[1] === 0x3a) && bytes.length > 2 ? `0F${bytes[1].toString(16)}`.toUpperCase() : '0F';
  const [opcode, fixed, ...rest] = bytes.slice(vexed ? 0 : map.length / 2);
  if (opcode === undefined || rest.length) throw new Error(`encoding '${text}': one opcode byte expected`);
  return {
    text,
    prefix,
    size,
    address,
    w,
    map,
    opcode,
    plusR,
    modrm: modrm || fixed !== undefined,
    digit,
    fixed,
    tail,
    vex: vexed?.vex,
    evex: vexed?.evex,
  };
}
