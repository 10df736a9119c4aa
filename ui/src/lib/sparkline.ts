// A row of figures as a line: the points of an SVG polyline, from 0 at the bottom to the largest at the top.

export const WIDTH = 96;
export const HEIGHT = 24;

export function points(values: readonly number[]): string {
  const top = Math.max(...values, 1);
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  return values
    .map((value, index) => `${(index * step).toFixed(1)},${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`)
    .join(' ');
}
