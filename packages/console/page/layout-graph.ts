// Gives every card of the graph its place: from left to right, the same for the same graph.
import { Graph, layout } from '@dagrejs/dagre';
import type { EdgeView, MeshView, ServiceView, WorkloadView } from '../src/views/views.ts';

export const CARD_WIDTH = 184;
export const HEAD_HEIGHT = 52;
export const ROW_HEIGHT = 36;
export const LABEL_WIDTH = 126;
export const LABEL_HEIGHT = 34;
const FOOT = 6;
const MARGIN = 24;
/** Of cards that stand alone. */
const COLUMNS = 5;
/** An edge's last part, with its arrowhead; its label is before it. */
export const STEM = 34;
/** Room between two layers: for a bend and a label. */
const BETWEEN = 188;

export interface PlacedCard {
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly cards: ReadonlyMap<string, PlacedCard>;
  /** By the two cards that an edge joins: where it passes between others. */
  readonly ways: ReadonlyMap<string, readonly Point[]>;
}

/** The workloads that have a row: a card that is one workload by its own name needs none. */
export function rowsOf({ name, workloads }: ServiceView): readonly WorkloadView[] {
  return workloads.length === 1 && workloads[0]!.name === name ? [] : workloads;
}

/** What a layout depends on: as long as it is the same, nothing moves. */
export function layoutKey({ services, edges }: Pick<MeshView, 'services' | 'edges'>): string {
  const cards = services.map(({ id, workloads }) => `${id}:${workloads.map(({ name }) => name).join(',')}`);
  return `${cards.join(';')}|${linksOf(edges)
    .map((link) => link.join('>'))
    .join(';')}`;
}

export function layoutGraph({ services, edges }: Pick<MeshView, 'services' | 'edges'>): GraphLayout {
  const links = linksOf(edges);
  const linked = services.filter(({ id }) => links.some((link) => link.includes(id)));
  const layered = layoutLayers(linked, links);
  const alone = services.filter((service) => !linked.includes(service));
  const below = linked.length > 0 ? layered.height : MARGIN;
  const cards = new Map([...layered.cards, ...gridOf(alone, below)]);
  const ends = [...cards.values()];
  return {
    width: Math.max(...ends.map(({ x }) => x + CARD_WIDTH)) + MARGIN,
    height: Math.max(layered.height, ...ends.map(({ y, height }) => y + height + MARGIN)),
    cards,
    ways: layered.ways,
  };
}

function layoutLayers(
  services: readonly ServiceView[],
  links: readonly (readonly [string, string])[],
): Pick<GraphLayout, 'height' | 'cards' | 'ways'> {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 32, ranksep: BETWEEN, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const service of services) graph.setNode(service.id, { width: CARD_WIDTH, height: cardHeight(service) });
  for (const [from, to] of links) graph.setEdge(from, to);
  layout(graph);
  const cards = new Map(
    services.map((service) => {
      const { x, y } = graph.node(service.id) as unknown as Point;
      const height = cardHeight(service);
      return [service.id, { x: x - CARD_WIDTH / 2, y: y - height / 2, height }];
    }),
  );
  const ways = new Map(
    links.map(([from, to]) => [`${from} ${to}`, passedBy(graph.edge(from, to), cards, { v: from, w: to })]),
  );
  return { height: (graph.graph() as { height?: number }).height ?? 0, cards, ways };
}

/** Those that nothing is known to pass to or from: in rows below the others. */
function gridOf(services: readonly ServiceView[], top: number): readonly (readonly [string, PlacedCard])[] {
  const rows = Math.ceil(services.length / COLUMNS);
  let y = top;
  return Array.from({ length: rows }, (_, row) => services.slice(row * COLUMNS, (row + 1) * COLUMNS)).flatMap((row) => {
    const placed = row.map((service, column) => {
      const x = MARGIN + column * (CARD_WIDTH + 2 * MARGIN);
      return [service.id, { x, y, height: cardHeight(service) }] as const;
    });
    y += Math.max(...row.map(cardHeight)) + MARGIN;
    return placed;
  });
}

/** Of an edge over more than one layer, where it crosses those between. */
function passedBy(
  edge: unknown,
  cards: ReadonlyMap<string, PlacedCard>,
  { v, w }: { readonly v: string; readonly w: string },
): readonly Point[] {
  const { points = [] } = edge as { readonly points?: readonly Point[] };
  const [left, right] = [cards.get(v)!.x + CARD_WIDTH, cards.get(w)!.x - LABEL_WIDTH - STEM];
  const inside = points.filter(({ x }) => x > left + BETWEEN / 2 && x < right - BETWEEN / 2);
  // At each layer it goes level for the width of a card.
  return inside.flatMap(({ x, y }) => [
    { x: x - CARD_WIDTH / 2, y },
    { x: x + CARD_WIDTH / 2, y },
  ]);
}

function cardHeight(service: ServiceView): number {
  const rows = rowsOf(service).length;
  return HEAD_HEIGHT + rows * ROW_HEIGHT + (rows > 0 ? FOOT : 0);
}

/** Each pair of cards once. */
function linksOf(edges: readonly EdgeView[]): readonly (readonly [string, string])[] {
  const links = new Map(edges.map((edge) => [linkKey(edge), [edge.from.service, edge.to.service] as const]));
  return [...links.values()];
}

/** By which `GraphLayout.ways` knows an edge. */
export function linkKey({ from, to }: EdgeView): string {
  return `${from.service} ${to.service}`;
}
