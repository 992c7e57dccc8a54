/** Colour, where a terminal shows it. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const enabled = (): boolean =>
  process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

export const paint = (style: Style, text: string): string => (enabled() ? styleText(style, text) : text);
