/** Source lines for a debugger: DWARF's line table, and the one entry that leads to it. DWARF 4, chapters 3 and 6.2. */
import { Bytes } from '#emu/isa/bytes.ts';
import type { CodeSymbol } from './object.ts';

/** A field of the debugging sections that the linker fills in: the address of a place in a section. */
export interface Fixup {
  readonly offset: number;
  readonly size: 4 | 8;
  readonly section: '.text' | '.debug_abbrev' | '.debug_line';
  readonly addend: number;
}

export interface DebugSection {
  readonly name: '.debug_info' | '.debug_abbrev' | '.debug_line';
  readonly bytes: Uint8Array;
  readonly fixups: readonly Fixup[];
}

export interface PlacedCode {
  readonly code: CodeSymbol;
  /** In .text. */
  readonly offset: number;
}

/** Names and values of DWARF 4, figures 18 to 38. */
const VERSION = 4;
const DW_TAG_compile_unit = 0x11;
const DW_LANG_Mips_Assembler = 0x8001;
const [DW_AT_name, DW_AT_stmt_list, DW_AT_low_pc, DW_AT_high_pc] = [0x03, 0x10, 0x11, 0x12] as const;
const [DW_AT_language, DW_AT_producer] = [0x13, 0x25] as const;
const [DW_FORM_addr, DW_FORM_data2, DW_FORM_data8, DW_FORM_string, DW_FORM_sec_offset] = [1, 5, 7, 8, 0x17] as const;
const [DW_LNS_copy, DW_LNS_advance_pc, DW_LNS_advance_line, DW_LNS_set_file] = [1, 2, 3, 4] as const;
const [DW_LNE_end_sequence, DW_LNE_set_address] = [1, 2] as const;
/** How many operands each standard opcode has. */
const OPCODE_LENGTHS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

/** Abbreviation 1: a compile unit without children. */
const abbreviations = (): Uint8Array =>
  new Bytes()
    .uleb(1)
    .uleb(DW_TAG_compile_unit)
    .u8(0)
    .uleb(DW_AT_producer)
    .uleb(DW_FORM_string)
    .uleb(DW_AT_language)
    .uleb(DW_FORM_data2)
    .uleb(DW_AT_name)
    .uleb(DW_FORM_string)
    .uleb(DW_AT_stmt_list)
    .uleb(DW_FORM_sec_offset)
    .uleb(DW_AT_low_pc)
    .uleb(DW_FORM_addr)
    .uleb(DW_AT_high_pc)
    .uleb(DW_FORM_data8)
    .put([0, 0, 0]).contents;

export function debugSections(path: string, text: readonly PlacedCode[], textSize: number): DebugSection[] {
  const info = new Bytes();
  const fixups: Fixup[] = [];
  const refer = (section: Fixup['section'], size: 4 | 8): void => {
    fixups.push({ offset: info.length, size, section, addend: 0 });
    if (size === 4) info.u32(0);
    else info.u64(0);
  };
  info.u32(0).u16(VERSION);
  refer('.debug_abbrev', 4);
  info.u8(8).uleb(1).text('callgate').u16(DW_LANG_Mips_Assembler).text(path);
  refer('.debug_line', 4);
  refer('.text', 8);
  info.u64(textSize);
  info.patch32(0, info.length - 4);
  return [
    { name: '.debug_abbrev', bytes: abbreviations(), fixups: [] },
    { name: '.debug_info', bytes: info.contents, fixups },
    lineTable(text),
  ];
}

/** One sequence a function: between them there is only padding. */
function lineTable(text: readonly PlacedCode[]): DebugSection {
  /** From 1. */
  const files = new Map<string, number>();
  for (const { code } of text)
    for (const { value } of code.lines) if (!files.has(value.file)) files.set(value.file, files.size + 1);
  const out = new Bytes().u32(0).u16(VERSION).u32(0);
  const headerFrom = out.length;
  // Instruction length 1, one operation, is_stmt, no special opcodes worth having.
  out.put([1, 1, 1, 0, 1, OPCODE_LENGTHS.length + 1, ...OPCODE_LENGTHS]);
  out.u8(0);
  for (const file of files.keys()) out.text(file).uleb(0).uleb(0).uleb(0);
  out.u8(0);
  out.patch32(headerFrom - 4, out.length - headerFrom);

  const fixups: Fixup[] = [];
  for (const { code, offset } of text) {
    out.put([0, 9, DW_LNE_set_address]);
    fixups.push({ offset: out.length, size: 8, section: '.text', addend: offset });
    out.u64(0);
    let [at, line, file] = [0, 1, 1];
    for (const { offset: to, value } of code.lines) {
      const number = files.get(value.file)!;
      if (number !== file) out.u8(DW_LNS_set_file).uleb(number);
      if (to !== at) out.u8(DW_LNS_advance_pc).uleb(to - at);
      if (value.line !== line) out.u8(DW_LNS_advance_line).sleb(value.line - line);
      out.u8(DW_LNS_copy);
      [at, line, file] = [to, value.line, number];
    }
    out
      .u8(DW_LNS_advance_pc)
      .uleb(code.code.length - at)
      .put([0, 1, DW_LNE_end_sequence]);
  }
  out.patch32(0, out.length - 4);
  return { name: '.debug_line', bytes: out.contents, fixups };
}
