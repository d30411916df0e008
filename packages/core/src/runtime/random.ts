/** A source of chance: each call returns a number in `[0, 1)`. */
export type Random = () => number

/**
 * The host's source of chance, for jitter and sampling. It is not fit for secrets or for draws that
 * move money.
 */
export const systemRandom: Random = () => Math.random()
