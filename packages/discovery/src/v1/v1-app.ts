// Serves the v1 documents over HTTP, at the addresses and in the bytes of Pilot 0.1–0.7.
import { type Context, Hono } from 'hono';
import type { Snapshot } from '../snapshot.ts';
import { AnswerCache } from './answer-cache.ts';
import { hostsDocument, hostsList } from './hosts.ts';
import { ingressSecret } from './ingress-routes.ts';
import { jsonFileText, jsonText } from './json-text.ts';
import { clustersDocument, listenersDocument, routesDocument } from './node-documents.ts';
import { clustersList, routesList } from './node-lists.ts';
import type { Release } from './release.ts';
import { parseV1Node, type V1Node } from './v1-node.ts';
import { staticFile } from './static-file.ts';
import { type V1Options, type V1World, v1World } from './v1-world.ts';

const NOT_FOUND = '404: Page Not Found';

/** `snapshot` gives the present state; another one empties the cache. */
export function v1App(snapshot: () => Snapshot, options: V1Options): Hono {
  const cache = new AnswerCache();
  const world = presentWorld(snapshot, options, cache);
  const app = new Hono();
  for (const page of pages(options.release)) {
    // Both forms are asked for: old clients end lists with a slash.
    app.on('GET', [page.path, `${page.path}/`], (context) => answer(page, world(), cache, context));
  }
  if (options.release === '0.1') {
    app.get('/v1alpha/secret/:cluster/:node', (context) => secret(world(), context));
    app.get('/debug/envoy_file/:node', (context) => file(world(), context));
  }
  app.get('/cache_stats', () => asJson(jsonText({ cache_stats: cache.counts() })));
  app.post('/cache_stats_delete', (context) => {
    cache.deleteCounts();
    return context.body(null, 200);
  });
  app.all('/v1/*', (context) => context.text(NOT_FOUND, 404));
  app.all('/v1alpha/*', (context) => context.text(NOT_FOUND, 404));
  return app;
}

/** What stands at a path: of the world as a whole, or of the proxy that the path ends with. */
type Page =
  | { readonly kind: 'world'; readonly path: string; make(world: V1World, context: Context): unknown }
  | { readonly kind: 'node'; readonly path: string; make(world: V1World, node: V1Node, context: Context): unknown };

function pages(release: Release): readonly Page[] {
  const lists: readonly Page[] = [
    { kind: 'world', path: '/v1/clusters', make: clustersList },
    { kind: 'world', path: '/v1/routes', make: routesList },
  ];
  const listeners: Page = { kind: 'node', path: '/v1/listeners/:cluster/:node', make: listenersDocument };
  return [
    { kind: 'world', path: '/v1/registration', make: hostsList },
    { kind: 'world', path: '/v1/registration/:key', make: (world, { req }) => hostsDocument(world, word(req, 'key')) },
    { kind: 'node', path: '/v1/clusters/:cluster/:node', make: clustersDocument },
    {
      kind: 'node',
      path: '/v1/routes/:name/:cluster/:node',
      make: (world, node, { req }) => routesDocument(world, node, word(req, 'name')),
    },
    ...(release === '0.1' ? lists : [listeners]),
  ];
}

function answer(page: Page, world: V1World, cache: AnswerCache, context: Context): Response {
  const url = urlOf(context);
  if (page.kind === 'world') return asJson(cache.answer(url, () => jsonText(page.make(world, context))));
  const text = word(context.req, 'node');
  const node = parseV1Node(text, world.release);
  if (!node) return context.text(`${JSON.stringify(text)} is not a node of a proxy`, 400);
  return asJson(cache.answer(url, () => jsonText(page.make(world, node, context))));
}

/** What the agent of 0.1, which read the registry itself, wrote for its Envoy. */
function file(world: V1World, context: Context): Response {
  const node = parseV1Node(word(context.req, 'node'), world.release);
  return node ? asJson(jsonFileText(staticFile(world, node))) : context.text(NOT_FOUND, 404);
}

function word(request: { param(name: string): string | undefined }, name: string): string {
  return request.param(name) ?? '';
}

function presentWorld(snapshot: () => Snapshot, options: V1Options, cache: AnswerCache): () => V1World {
  let world: V1World | undefined;
  return () => {
    const present = snapshot();
    if (world?.snapshot !== present) {
      cache.clear();
      world = v1World(present, options);
    }
    return world;
  };
}

/** The name of the secret that the ingress serves. */
function secret(world: V1World, context: Context): Response {
  const name = word(context.req, 'node') === 'ingress' ? ingressSecret(world) : '';
  return name === '' ? context.text(NOT_FOUND, 404) : context.text(name);
}

/** The path as it was sent, in the form in which all clients escape it. */
function urlOf({ req }: Context): string {
  return new URL(req.url).pathname.replaceAll('|', '%7C');
}

function asJson(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } });
}
