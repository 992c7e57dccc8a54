/** How many of what: "1 run", "1,000 runs". */

export const count = (n: number, what: string, many = `${what}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? what : many}`;
