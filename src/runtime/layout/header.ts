/** go_asm.h: the header through which assembly learns offsets, written from our layouts or read from the toolchain's. */
import { constants, structs } from './go1.19.ts';

/** What a file that includes "go_asm.h" reads when no toolchain made one. */
export function goAsmHeader(): string {
  const lines = Object.entries(constants).map(([name, v]) => `#define const_${name} ${v}`);
  for (const s of structs) {
    lines.push(`#define ${s.name}__size ${s.size}`);
    for (const [field, [offset]] of Object.entries(s.fields)) lines.push(`#define ${s.name}_${field} ${offset}`);
  }
  return `${lines.join('\n')}\n`;
}
