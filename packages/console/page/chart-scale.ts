// Maps moments and values of a chart to places, with round values for its grid.

export interface ChartScale {
  /** By the number of the moment. */
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  /** Round values above zero, and where they are. */
  readonly ticks: readonly { readonly value: number; readonly y: number }[];
  /** The number of the moment that is nearest to a place. */
  readonly nearest: (x: number) => number;
}

const TOP = 16;
/** What a chart shows, in milliseconds: shorter histories begin further right. */
const SPAN_MS = 5 * 60_000;

export function chartScale(
  times: readonly number[],
  values: readonly (number | null)[],
  width: number,
  height: number,
): ChartScale {
  const last = times.at(-1) ?? 0;
  const x = (index: number) => width - ((last - (times[index] ?? last)) / SPAN_MS) * width;
  const highest = Math.max(0, ...values.map((value) => value ?? 0));
  const step = roundStep(highest / 2);
  const top = Math.max(step * 2, highest);
  const y = (value: number) => height - 1 - (value / top) * (height - TOP - 1);
  const ticks = [step, step * 2].map((value) => ({ value, y: y(value) }));
  const nearest = (place: number) => {
    const distances = times.map((_, index) => Math.abs(x(index) - place));
    return distances.indexOf(Math.min(...distances));
  };
  return { x, y, ticks, nearest };
}

/** A line with gaps where nothing was measured; a single value is a dot. */
export function linePath(values: readonly (number | null)[], { x, y }: ChartScale): string {
  let path = '';
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const before = values[index - 1];
    const goesOn = before !== null && before !== undefined;
    const place = `${x(index).toFixed(1)},${y(value).toFixed(1)}`;
    path += goesOn ? `L${place}` : `M${place}h0.1`;
  }
  return path;
}

/** 1, 2 or 5 times a power of ten, at least `value`. */
export function roundStep(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((factor) => factor * power >= value * (1 - 1e-9)) ?? 10) * power;
}
