/** Names for the code of an ELF file, from its symbol table; none when it is stripped or the table is damaged. gABI, chapter 4. */
import type { ElfSymbol } from './elf.ts';

export const EH = { shoff: 40, shentsize: 58, shnum: 60, shstrndx: 62 } as const;
// biome-ignore format: table
export const SH = { name: 0, type: 4, flags: 8, addr: 16, offset: 24, size: 32, link: 40, info: 44, align: 48 } as const;
export const SHDR_SIZE = 64;
const SHT_SYMTAB = 2;
const SHF_EXECINSTR = 4n;
export const SYM = { name: 0, info: 4, shndx: 6, value: 8, size: 16 } as const;
export const SYM_SIZE = 24;
/** STT_NOTYPE, STT_FUNC, STT_GNU_IFUNC: what a code address can be called. */
const CODE_TYPES: ReadonlySet<number> = new Set([0, 2, 10]);

interface Section {
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Sorted by address, addresses moved by `bias`. A label without a size reaches to what follows it. */
export function symbolsOf(view: DataView, bias: bigint): ElfSymbol[] {
  const sections = readSections(view);
  const table = sections.find((s) => s.type === SHT_SYMTAB);
  const names = table && sections[table.link];
  if (!table || !names || !isInside(view, table) || !isInside(view, names)) return [];
  const found: (ElfSymbol & { readonly section: Section })[] = [];
  for (let at = table.offset; at + SYM_SIZE <= table.offset + table.size; at += SYM_SIZE) {
    const section = sections[view.getUint16(at + SYM.shndx, true)];
    if (!section || !(section.flags & SHF_EXECINSTR)) continue;
    if (!CODE_TYPES.has(view.getUint8(at + SYM.info) & 0xf)) continue;
    const name = text(view, names, view.getUint32(at + SYM.name, true));
    if (!name) continue;
    const address = view.getBigUint64(at + SYM.value, true) + bias;
    found.push({ name, address, size: Number(view.getBigUint64(at + SYM.size, true)), section });
  }
  found.sort((a, b) => Number(a.address - b.address));
  return found.map(({ name, address, size, section }, i) => {
    if (size) return { name, address, size };
    const sectionEnd = section.address + bias + BigInt(section.size);
    const next = found.slice(i + 1).find((s) => s.address > address)?.address ?? sectionEnd;
    return { name, address, size: Math.max(0, Number((next < sectionEnd ? next : sectionEnd) - address)) };
  });
}

function readSections(view: DataView): Section[] {
  const at = view.getBigUint64(EH.shoff, true);
  const count = view.getUint16(EH.shnum, true);
  const isSized = view.getUint16(EH.shentsize, true) === SHDR_SIZE;
  if (at === 0n || !isSized || at + BigInt(count * SHDR_SIZE) > BigInt(view.byteLength)) return [];
  return Array.from({ length: count }, (_, i) => {
    const s = Number(at) + i * SHDR_SIZE;
    return {
      type: view.getUint32(s + SH.type, true),
      flags: view.getBigUint64(s + SH.flags, true),
      address: view.getBigUint64(s + SH.addr, true),
      offset: Number(view.getBigUint64(s + SH.offset, true)),
      size: Number(view.getBigUint64(s + SH.size, true)),
      link: view.getUint32(s + SH.link, true),
    };
  });
}

const isInside = (view: DataView, { offset, size }: Section): boolean => offset + size <= view.byteLength;

/** The NUL-terminated string at `at` of a string table. */
export function text(view: DataView, { offset, size }: Pick<Section, 'offset' | 'size'>, at: number): string {
  let end = at;
  while (end < size && view.getUint8(offset + end)) end++;
  return at < size
    ? new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + offset + at, end - at))
    : '';
}
