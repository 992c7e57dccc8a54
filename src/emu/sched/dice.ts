/** Chance, from outside: schedulers that throw dice are given the dice. */

/** 64 random bits a call. The same bits give the same schedule. */
export interface Dice {
  next(): bigint;
}

/** In [0, 1). */
export const chance = (dice: Dice): number => Number(dice.next() >> 11n) / 2 ** 53;

/** A whole number in [0, n). */
export const below = (dice: Dice, n: number): number => Math.floor(chance(dice) * n);
