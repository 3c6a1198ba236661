// Gives every edge of the graph its way between the cards, and its label a place of its own.
import type { EdgeView, ServiceView } from '../src/views/views.ts';
import {
  CARD_WIDTH,
  type GraphLayout,
  HEAD_HEIGHT,
  LABEL_HEIGHT,
  LABEL_WIDTH,
  linkKey,
  type Point,
  ROW_HEIGHT,
  rowsOf,
  STEM,
} from './layout-graph.ts';

export interface PlacedEdge {
  readonly path: string;
  readonly label: Point;
}

/** All edges, with labels that do not lie on each other; each passes under its label. */
export function placeEdges(
  edges: readonly EdgeView[],
  layout: GraphLayout,
  services: readonly ServiceView[],
): ReadonlyMap<string, PlacedEdge> {
  const ends = edges.map((edge) => ({
    edge,
    start: anchor(edge.from, layout, services, CARD_WIDTH),
    end: anchor(edge.to, layout, services, 0),
  }));
  const groups = Object.values(Object.groupBy(ends, ({ edge }) => edge.to.service)) as (typeof ends)[];
  const taken: Point[] = [];
  return new Map(
    groups.flatMap((group) => {
      const sorted = group.toSorted((a, b) => a.end.y - b.end.y || a.start.y - b.start.y);
      const heights = spread(sorted.map(({ end }) => end.y));
      return sorted.map(({ edge, start, end }, index) => {
        const label = freePlace({ x: end.x - STEM - LABEL_WIDTH / 2, y: heights[index]! }, taken);
        taken.push(label);
        return [edge.id, placeEdge(edge, { start, end, label }, layout)] as const;
      });
    }),
  );
}

/** Apart by the height of a label, and as near to where they were as all can be. */
function spread(heights: readonly number[]): readonly number[] {
  const apart: number[] = [];
  for (const height of heights) apart.push(Math.max(height, (apart.at(-1) ?? -Infinity) + LABEL_HEIGHT + 3));
  const moved = apart.reduce((sum, height, index) => sum + height - heights[index]!, 0) / Math.max(1, heights.length);
  return apart.map((height) => height - moved);
}

/** Downwards, as far as it must. */
function freePlace(label: Point, taken: readonly Point[]): Point {
  const inTheWay = taken.findLast(
    ({ x, y }) => Math.abs(x - label.x) < LABEL_WIDTH && Math.abs(y - label.y) < LABEL_HEIGHT + 2,
  );
  return inTheWay ? freePlace({ x: label.x, y: inTheWay.y + LABEL_HEIGHT + 3 }, taken) : label;
}

interface EdgePoints {
  readonly start: Point;
  readonly end: Point;
  readonly label: Point;
}

/** From the right of who asks to the left of who is asked: each at the row of its workload. */
function placeEdge(edge: EdgeView, { start, end, label }: EdgePoints, { ways }: GraphLayout): PlacedEdge {
  if (start.x > end.x) return placeBackwards(start, end);
  const [left, right] = [-1, 1].map((side) => ({ x: label.x + (side * LABEL_WIDTH) / 2, y: label.y }));
  const before = [start, ...(ways.get(linkKey(edge)) ?? []), left!];
  return { path: `M${start.x},${start.y} ${curves(before)} L${right!.x},${right!.y} ${curves([right!, end])}`, label };
}

/** From stop to stop, level at each. */
function curves(stops: readonly Point[]): string {
  const parts = stops.slice(1).map(({ x, y }, index) => {
    const from = stops[index]!;
    const middle = (from.x + x) / 2;
    return `C${middle},${from.y} ${middle},${y} ${x},${y}`;
  });
  return parts.join(' ');
}

/** An edge of a circle goes around below. */
function placeBackwards(start: Point, end: Point): PlacedEdge {
  const below = Math.max(start.y, end.y) + 70;
  const path = `M${start.x},${start.y} C${start.x + 90},${below} ${end.x - 90},${below} ${end.x},${end.y}`;
  return { path, label: { x: (start.x + end.x) / 2, y: below - 17 } };
}

function anchor(
  { service, workload }: EdgeView['from'],
  layout: GraphLayout,
  services: readonly ServiceView[],
  dx: number,
): Point {
  const card = layout.cards.get(service) ?? { x: 0, y: 0 };
  const row = rowIndex(
    services.find(({ id }) => id === service),
    workload,
  );
  const y = row < 0 ? HEAD_HEIGHT / 2 : HEAD_HEIGHT + row * ROW_HEIGHT + ROW_HEIGHT / 2;
  return { x: card.x + dx, y: card.y + y };
}

function rowIndex(service: ServiceView | undefined, workload: string): number {
  return service ? rowsOf(service).findIndex(({ name }) => name === workload) : -1;
}
