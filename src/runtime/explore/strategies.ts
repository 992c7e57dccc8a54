/** How schedules may be chosen. */
export const strategies = ['exhaustive', 'random', 'pct', 'round-robin'] as const;
export type Strategy = (typeof strategies)[number];
