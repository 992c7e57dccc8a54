/** A struct of Go's runtime as a row: its size and, for every field we touch, offset and size in bytes. */

export interface Struct<F extends string = string> {
  readonly name: string;
  readonly size: number;
  readonly fields: Readonly<Record<F, readonly [offset: number, size: number]>>;
}

export const struct = <F extends string>(
  name: string,
  size: number,
  fields: Record<F, readonly [offset: number, size: number]>,
): Struct<F> => ({ name, size, fields });
