/** Instructions as Go's listing writes them, for messages. */
import type { Instr } from './instr.ts';
import type { MemoryOperand, Operand } from './syntax.ts';

export function printInstr(i: Instr): string {
  return `${[i.name, ...i.suffixes].join('.')}${i.operands.length ? ` ${i.operands.map(printOperand).join(', ')}` : ''}`;
}

export function printOperand(o: Operand): string {
  switch (o.kind) {
    case 'register':
      return o.name;
    case 'immediate':
      return `$${o.value}`;
    case 'float':
      return `$(${o.value})`;
    case 'string':
      return `$"${String.fromCharCode(...o.value)}"`;
    case 'register-list':
      return `[${o.first}-${o.last}]`;
    case 'label':
      return o.name;
    case 'pc':
      return `${o.value}(PC)`;
    case 'memory':
      return printMemory(o);
  }
}

function printMemory(o: MemoryOperand): string {
  const pseudo = o.pseudo === 'AUTO' ? 'SP' : o.pseudo;
  const name = o.symbol ? `${o.symbol.name}${o.symbol.isStatic ? '<>' : ''}` : '';
  const offset =
    o.offset === 0n && (name || o.base || o.index) ? '' : name && o.offset > 0n ? `+${o.offset}` : `${o.offset}`;
  const base = `${pseudo ? `(${pseudo})` : ''}${o.base ? `(${o.base})` : ''}`;
  const index = o.index ? `(${o.index}*${o.scale})` : '';
  return `${o.addressOf ? '$' : ''}${name}${offset}${base}${index}`;
}
