/** A framed function becomes bytes: rows chosen, branches as short as they can be, relocations and tables noted. */
import type { Encoder } from './encoder.ts';
import type { Framed } from './frame.ts';
import type { Instr } from './instr.ts';
import { layOut } from './layout.ts';
import type { CodeSymbol } from './object.ts';
import type { Func } from './program.ts';
import { relocations } from './relocate.ts';
import { funcdata, lines, pcdata, pcsp } from './tables.ts';

export function emit(f: Func, { body, ...framed }: Framed, encoder: Encoder): CodeSymbol {
  for (const i of body) encoder.encode(i);
  const size = layOut(body, encoder);
  const bytes = encoder.bytes.view;
  return {
    symbol: f.symbol,
    at: f.at,
    ...framed,
    code: gather(body, size, bytes),
    relocations: relocations(body, bytes),
    lines: lines(body),
    pcsp: pcsp(body),
    pcdata: pcdata(body),
    funcdata: funcdata(body),
  };
}

/** The bytes of a function, which lie in the order in which they were encoded. */
function gather(body: readonly Instr[], size: number, bytes: Uint8Array): Uint8Array {
  const code = new Uint8Array(size);
  for (const { offset, encoded } of body)
    for (let n = 0; n < encoded.size; n++) code[offset + n] = bytes[encoded.from + n]!;
  return code;
}
