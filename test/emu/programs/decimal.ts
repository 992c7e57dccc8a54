/** Doubles in decimal, by exact arithmetic on fractions of bigints: printf's %.*f and %.*e. */

/** A double's magnitude as numerator / denominator. */
function fraction(x: number): [bigint, bigint] {
  let scaled = Math.abs(x);
  let exponent = 0;
  while (scaled && !Number.isInteger(scaled)) {
    // Doubling is exact, also from a subnormal on.
    scaled *= 2;
    exponent++;
  }
  return [BigInt(scaled), 1n << BigInt(exponent)];
}

/** n / d to the nearest integer, halves to even. */
function nearest(n: bigint, d: bigint): bigint {
  const q = n / d;
  const twice = 2n * (n % d);
  return q + (twice > d || (twice === d && q & 1n) ? 1n : 0n);
}

const special = (x: number): string | undefined =>
  Number.isNaN(x) ? '-nan' : Number.isFinite(x) ? undefined : x < 0 ? '-inf' : 'inf';
const sign = (x: number): string => (x < 0 || Object.is(x, -0) ? '-' : '');
const point = (digits: string, places: number): string => `${digits.slice(0, -places)}.${digits.slice(-places)}`;

function fixed(x: number, places: number): string {
  const name = special(x);
  if (name) return name;
  const [n, d] = fraction(x);
  const digits = nearest(n * 10n ** BigInt(places), d).toString();
  return sign(x) + point(digits.padStart(places + 1, '0'), places);
}

function exponent(x: number, places: number): string {
  const name = special(x);
  if (name) return name;
  const [n, d] = fraction(x);
  let e = n === 0n ? 0 : n.toString().length - d.toString().length;
  const at = (power: number): bigint =>
    power >= 0 ? nearest(n * 10n ** BigInt(power), d) : nearest(n, d * 10n ** BigInt(-power));
  // Off by one where the leading digits of n are less than those of d, or where rounding makes one digit more.
  if (n && at(places - e).toString().length <= places) e--;
  if (at(places - e).toString().length > places + 1) e++;
  const digits = at(places - e)
    .toString()
    .padEnd(places + 1, '0');
  const power = String(Math.abs(e)).padStart(2, '0');
  return `${sign(x)}${point(digits, places)}e${e < 0 ? '-' : '+'}${power}`;
}

/** NaN is written as the one that x86 makes: negative. */
export const exact = { fixed, exponent };
