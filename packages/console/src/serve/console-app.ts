// The console's server: its page, and what the page shows as streams of events. It shows and changes nothing.
import type { Clock } from '@meltemi/base';
import { crossSiteRefusal } from '@meltemi/rpc';
import { Hono } from 'hono';
import type { Collector } from '../collector.ts';
import { readRequestFilter } from '../requests/request-filter.ts';
import type { RequestTaps } from '../requests/request-taps.ts';
import { configView } from '../views/config-view.ts';
import { graphView } from '../views/mesh-view.ts';
import { serviceDetailView } from '../views/service-detail-view.ts';
import { eventStream, type SendEvent } from './event-stream.ts';
import type { PageFiles } from './page-files.ts';
import { prometheusTargets } from './prometheus-targets.ts';
import { streamRequests } from './request-stream.ts';

export interface ConsoleAppOptions {
  readonly collector: Collector;
  readonly taps: RequestTaps;
  readonly files: PageFiles;
  readonly clock: Clock;
}

/** Nothing from elsewhere, nothing inside the page's text, and in nobody's frame. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export function consoleApp(options: ConsoleAppOptions): Hono {
  const { collector, files } = options;
  const app = new Hono();
  app.use(async (context, next) => {
    const { host, origin } = context.req.header();
    const refused = crossSiteRefusal({ method: context.req.method, host, origin });
    if (refused !== undefined) return context.text(`forbidden: ${refused}\n`, 403);
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
    return undefined;
  });
  for (const [path, { contentType, body }] of files) {
    app.get(path, (context) => context.body(body, 200, { 'content-type': contentType, 'cache-control': 'no-cache' }));
  }
  app.get('/api/mesh', (context) => context.json(meshView(collector)));
  app.get('/api/events', (context) => eventStream((send) => sendEvents(new URL(context.req.url), options, send)));
  app.get('/api/prometheus/targets', (context) => context.json(prometheusTargets(collector.members)));
  return app;
}

/** Every page is told of the mesh; `page` says what else it shows. */
function sendEvents(url: URL, { collector, taps, clock }: ConsoleAppOptions, send: SendEvent): () => void {
  const query = url.searchParams;
  const page = query.get('page');
  const tell = () => {
    send('mesh', meshView(collector));
    if (page === 'service') send('service', detailView(collector, query.get('id') ?? '') ?? null);
    if (page === 'config') send('config', configOf(collector));
    if (page === 'requests') taps.follow(collector.members);
  };
  const stopRequests = page === 'requests' ? streamRequests(taps, readRequestFilter(query), clock, send) : undefined;
  const unwatch = collector.watch(tell);
  tell();
  return () => {
    unwatch();
    stopRequests?.();
  };
}

function meshView(collector: Collector) {
  const config = configOf(collector);
  const all = [...config.problems, ...config.objects.flatMap(({ problems }) => problems)];
  const count = (wanted: string) => all.filter(({ severity }) => severity === wanted).length;
  return {
    ...graphView(collector.members, collector.traffic, collector.now),
    sidecars: collector.sidecars,
    problems: { errors: count('error'), warnings: count('warning') },
  };
}

function detailView({ members, traffic, now }: Collector, id: string) {
  return serviceDetailView(id, graphView(members, traffic, now), members, traffic);
}

function configOf({ said, members, controlPlaneAnswers }: Collector) {
  return configView(said, members, controlPlaneAnswers);
}
