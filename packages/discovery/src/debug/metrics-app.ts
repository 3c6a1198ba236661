// Serves Pilot's metrics and version on the monitoring port, and its debug pages as istiod does.
import { Hono } from 'hono';
import type { DiscoveryServer } from '../discovery-server.ts';

/** `debug`: the application of the debug pages. `more`: text of further metrics. */
export function metricsApp(
  server: Pick<DiscoveryServer, 'metrics'>,
  version: string,
  debug: Hono,
  more: () => string = () => '',
): Hono {
  server.metrics.set('pilot_info', 'Pilot version and build information.', 1, { version });
  server.metrics.set('istio_build', 'Istio component build info', 1, { component: 'pilot', tag: version });
  const app = new Hono();
  app.get('/metrics', (context) => context.text(`${server.metrics.text()}${more()}`));
  app.route('/', debug);
  return app;
}
