// Turns weights and a roll of the dice into a choice, by binary search over their running sums.

/** Chooses an index with a chance in proportion to its weight; weights of 0 are never chosen. At least one is positive. */
export class WeightedChoice {
  readonly #sums: Float64Array;

  constructor(weights: readonly number[]) {
    this.#sums = new Float64Array(weights.length);
    let sum = 0;
    for (let index = 0; index < weights.length; index++) this.#sums[index] = sum += weights[index]!;
  }

  /** `roll` is in [0, 1). */
  choose(roll: number): number {
    const sums = this.#sums;
    const wanted = roll * sums[sums.length - 1]!;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
