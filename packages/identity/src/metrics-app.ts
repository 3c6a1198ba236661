// Serves an authority's metrics where Prometheus asks for them.
import { Hono } from 'hono';

/** `text`: as it is now. */
export function authorityMetricsApp(text: () => string): Hono {
  const app = new Hono();
  app.get('/metrics', (context) => context.text(text()));
  return app;
}
