// Serves Pilot's metrics and version on the monitoring port.
import { Hono } from 'hono';
import type { DiscoveryServer } from '../discovery-server.ts';

export function metricsApp(server: DiscoveryServer, version: string): Hono {
  const app = new Hono();
  app.get('/metrics', (context) => context.text(server.metrics.text()));
  app.get('/version', (context) => context.text(version));
  return app;
}
