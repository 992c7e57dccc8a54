/** Rows of text in aligned columns. */

export interface Cell {
  readonly text: string;
  /** How to colour it; the width is counted without. */
  readonly paint?: (text: string) => string;
}

export function table(rows: readonly (readonly (Cell | string)[])[], gap = '  '): string {
  const cells = rows.map((r) => r.map((c): Cell => (typeof c === 'string' ? { text: c } : c)));
  const widths: number[] = [];
  for (const row of cells)
    row.forEach((c, i) => {
      widths[i] = Math.max(widths[i] ?? 0, [...c.text].length);
    });
  return cells
    .map((row) =>
      row
        .map((c, i) => {
          const pad = i === row.length - 1 ? '' : ' '.repeat(widths[i]! - [...c.text].length);
          return (c.paint ? c.paint(c.text) : c.text) + pad;
        })
        .join(gap)
        .trimEnd(),
    )
    .join('\n');
}
