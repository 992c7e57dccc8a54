/** Machine code in Intel's or AT&T's syntax, by iced-x86. Loaded when it is asked for: it is a WebAssembly module of its own. */
import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import type { Stretch } from './elf-code.ts';
import type { Line } from './go-text.ts';

const syntaxes = { intel: FormatterSyntax.Intel, att: FormatterSyntax.Gas } as const;

export function icedLines({ bytes, address }: Stretch, syntax: keyof typeof syntaxes): Line[] {
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  const formatter = new Formatter(syntaxes[syntax]);
  const lines: Line[] = [];
  decoder.ip = address;
  while (decoder.canDecode) {
    const from = decoder.position;
    const insn = decoder.decode();
    const isBad = insn.code === 0;
    // Of bytes that are no instruction only the first is skipped.
    if (isBad) [decoder.position, decoder.ip] = [from + 1, address + BigInt(from + 1)];
    lines.push({
      address: address + BigInt(from),
      bytes: bytes.subarray(from, decoder.position),
      text: isBad ? `.byte 0x${bytes[from]!.toString(16)}` : formatter.format(insn),
      comment: undefined,
      label: undefined,
    });
    insn.free();
  }
  decoder.free();
  formatter.free();
  return lines;
}
