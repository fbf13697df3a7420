/** Figures that few outliers cannot move. */

/** The middle of an ordered list; between the two in the middle if their number is even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the nearest two. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  return below + (above - below) * (at - Math.floor(at));
}

/** Half the distance between the quartiles, as a share of the median: half of all lie within. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median(values);
}

/** Three significant digits say more than the measurement knows. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
