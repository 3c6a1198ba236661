// What the page works out without a browser: places of the graph, scales of charts, words for numbers, news for the ear.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chartScale, linePath, roundStep } from '../page/chart-scale.ts';
import { healthNews } from '../page/health-news.ts';
import { CARD_WIDTH, LABEL_HEIGHT, LABEL_WIDTH, layoutGraph, layoutKey } from '../page/layout-graph.ts';
import { placeEdges } from '../page/place-edges.ts';
import { hrefOf, routeOf } from '../page/route.ts';
import { bytesText, millisecondsText, percentText, rateText } from '../page/words.ts';
import type { EdgeView, Health, MeshView, ServiceView, TrafficView } from './views/views.ts';

const traffic = (health: Health = 'healthy'): TrafficView => ({
  health,
  requestsPerSecond: 1,
  errorShare: 0,
  p50Ms: 1,
  p99Ms: 2,
  bytesPerSecond: 0,
});
const service = (id: string, rows: number): ServiceView => ({
  id,
  name: id,
  namespace: 'n',
  kind: 'service',
  workloads: Array.from({ length: rows }, (_, row) => ({
    name: `${id}-v${row}`,
    version: `v${row}`,
    state: 'running' as const,
    traffic: traffic(),
  })),
  traffic: traffic(),
});
const edge = (from: readonly [string, number], to: readonly [string, number], health?: Health): EdgeView => ({
  id: `${from.join(' ')}>${to.join(' ')}`,
  from: { service: from[0], workload: `${from[0]}-v${from[1]}` },
  to: { service: to[0], workload: `${to[0]}-v${to[1]}` },
  protocol: 'http',
  mutualTls: 'all',
  traffic: traffic(health),
});
const mesh = (services: readonly ServiceView[], edges: readonly EdgeView[]): MeshView => ({
  time: 0,
  services,
  edges,
  sidecars: { known: 0, answering: 0, rolledUp: 0 },
  problems: { errors: 0, warnings: 0 },
});

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const end = fc.tuple(name, fc.nat(3));
const anyMesh = fc
  .tuple(fc.uniqueArray(name, { minLength: 1 }), fc.array(fc.tuple(end, end), { maxLength: 20 }), fc.nat(3))
  .map(([names, ends, rows]) => {
    const known = ends.filter(([from, to]) => names.includes(from[0]) && names.includes(to[0]) && from[0] !== to[0]);
    const edges = new Map(known.map(([from, to]) => [`${from.join(' ')}>${to.join(' ')}`, edge(from, to)]));
    return mesh(
      names.map((id) => service(id, rows)),
      [...edges.values()],
    );
  });

test('cards and labels of a graph do not lie on each other, and the same graph looks the same', () => {
  fc.assert(
    fc.property(anyMesh, (view) => {
      const layout = layoutGraph(view);
      assert.deepEqual(layoutGraph(structuredClone(view)), layout);
      const cards = [...layout.cards.values()].map(({ x, y, height }) => ({ x, y, width: CARD_WIDTH, height }));
      apart(cards);
      const placed = [...placeEdges(view.edges, layout, view.services).values()];
      assert.equal(placed.length, view.edges.length);
      const forward = placed.filter(({ path }) => path.includes('L'));
      apart(forward.map(({ label }) => ({ x: label.x, y: label.y, width: LABEL_WIDTH, height: LABEL_HEIGHT })));
      for (const { path } of placed) assert.match(path, /^M[-\d., CL]+$/);
      for (const { x, y, width, height } of cards)
        assert.ok(x >= 0 && y >= 0 && x + width <= layout.width && y + height <= layout.height);
    }),
  );
});

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function apart(boxes: readonly Box[]): void {
  for (const [index, a] of boxes.entries()) {
    for (const b of boxes.slice(index + 1)) {
      const over = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1e-6;
      const beside = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 1e-6;
      assert.ok(!(over && beside), JSON.stringify([a, b]));
    }
  }
}

test('numbers alone never move a card', () => {
  const [calm, busy] = (['idle', 'failing'] as const).map((health) =>
    mesh([service('a', 1), service('b', 1)], [edge(['a', 0], ['b', 0], health)]),
  );
  assert.equal(layoutKey(calm!), layoutKey(busy!));
});

test('a chart has round values above its line, and gaps where nothing was measured', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (value) => {
      const step = roundStep(value);
      assert.ok(step >= value * 0.999999 && step <= value * 10);
      assert.match(step.toExponential(0), /^[125]e/);
    }),
  );
  const values = [1, 2, null, 3];
  const scale = chartScale([0, 1000, 2000, 3000], values, 100, 50);
  assert.deepEqual(
    scale.ticks.map(({ value }) => value),
    [2, 4],
  );
  assert.match(linePath(values, scale), /^M[\d.,]+h0\.1L[\d.,]+M[\d.,]+h0\.1$/);
  assert.equal(scale.nearest(100), 3);
});

test('numbers are said with the figures that people read', () => {
  assert.deepEqual([0, 0.094, 1, 3.14, 12.4, 999.7, 1234].map(rateText), [
    '0',
    '0.09',
    '1',
    '3.1',
    '12',
    '1.0k',
    '1.2k',
  ]);
  assert.deepEqual([0, 0.0001, 0.0123, 0.5, 1].map(percentText), ['0 %', '<0.1 %', '1.2 %', '50 %', '100 %']);
  assert.deepEqual([null, 0.44, 12.3, 1500].map(millisecondsText), ['–', '0.4 ms', '12 ms', '1.5 s']);
  assert.deepEqual([5, 1500, 2e6].map(bytesText), ['5 B/s', '1.5 kB/s', '2 MB/s']);
});

test('only what gets worse or better is news', () => {
  const [idle, well, ill] = (['idle', 'healthy', 'failing'] as const).map((health) =>
    mesh([], [edge(['a', 0], ['b', 0], health)]),
  );
  assert.equal(healthNews(undefined, ill!), '');
  assert.equal(healthNews(idle, well!), '');
  assert.match(healthNews(well, ill!), /^a-v0 to b-v0: failing/);
  assert.match(healthNews(ill, well!), /^a-v0 to b-v0: healthy/);
  assert.equal(healthNews(ill, ill!), '');
});

test('an address names a page, whatever the name in it', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (id) => {
      assert.deepEqual(routeOf(hrefOf({ page: 'service', id })), { page: 'service', id });
    }),
  );
  assert.deepEqual(['', '#/', '#/nowhere', '#/service/%'].map(routeOf), [
    { page: 'graph' },
    { page: 'graph' },
    { page: 'graph' },
    { page: 'service', id: '%' },
  ]);
});
