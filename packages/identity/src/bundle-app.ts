// Serves the roots of the trust domain as a SPIFFE bundle, for meshes that federate with it.
import type { Context } from 'hono';
import { Hono } from 'hono';
import { spiffeBundle } from './spiffe-bundle.ts';

/** `roots`: PEM, as it is now. At every path, for an endpoint of its own. */
export function bundleApp(roots: () => string): Hono {
  const app = new Hono();
  app.get('*', (c: Context) => c.body(spiffeBundle(roots()), 200, { 'content-type': 'application/json' }));
  return app;
}
