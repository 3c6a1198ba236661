// Draws lines over the last minutes, with the same numbers in words and the last of them in figures.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { chartScale, linePath } from './chart-scale.ts';
import { clockText } from './words.ts';

export interface ChartLine {
  readonly name: string;
  readonly style: 'plain' | 'second' | 'ill';
  /** Null: nothing was measured then. */
  readonly values: readonly (number | null)[];
}

export interface LineChartProps {
  readonly title: string;
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
}

const HEIGHT = 150;

export function LineChart({ title, times, lines, format }: LineChartProps) {
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  const shown = pointed !== undefined && pointed < times.length ? pointed : times.length - 1;
  const [svg, width] = useWidth();
  const scale = chartScale(
    times,
    lines.flatMap(({ values }) => values),
    width,
    HEIGHT,
  );
  const point = (event: MouseEvent) => {
    setPointed(scale.nearest(event.clientX - (event.currentTarget as Element).getBoundingClientRect().left));
  };
  const spoken = lines.map((line) => `${line.name} ${valueText(line, shown, format)}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-legend">
          {lines.map((line) => (
            <span class={isShown(line) ? `key ${line.style}` : 'key'}>
              {line.name} <strong>{valueText(line, shown, format)}</strong>
            </span>
          ))}
        </span>
      </figcaption>
      <svg
        ref={svg}
        height={HEIGHT}
        role="img"
        aria-label={`${title}, last minutes: ${spoken}`}
        onMouseMove={point}
        onMouseLeave={() => setPointed(undefined)}
      >
        {scale.ticks.map(({ value, y }) => (
          <g>
            <line class="grid" x1="0" x2={width} y1={y} y2={y} />
            <text class="tick" x="0" y={y - 4}>
              {format(value)}
            </text>
          </g>
        ))}
        {lines.filter(isShown).map(({ style, values }) => (
          <path class={`line ${style}`} d={linePath(values, scale)} />
        ))}
        {pointed !== undefined && times[shown] !== undefined && (
          <line class="cursor" x1={scale.x(shown)} x2={scale.x(shown)} y1="0" y2={HEIGHT} />
        )}
      </svg>
      <p class="chart-time">{times[shown] === undefined ? '' : clockText(times[shown])}</p>
    </figure>
  );
}

/** Errors that there are none of need no line. */
function isShown({ style, values }: ChartLine): boolean {
  return style !== 'ill' || values.some((value) => value !== null && value > 0);
}

/** The width of an element, which it may change. */
function useWidth() {
  const element = useRef<SVGSVGElement>(null);
  const [width, setWidth] = useState(480);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}

function valueText({ values }: ChartLine, index: number, format: (value: number) => string): string {
  const value = values[index];
  return value === null || value === undefined ? '–' : format(value);
}
