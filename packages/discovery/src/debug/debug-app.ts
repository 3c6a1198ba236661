// Serves readiness and the debug pages over HTTP: to this machine all of them, to others what their identity may see.
import { peerAddress } from '@meltemi/rpc';
import { type Context, Hono } from 'hono';
import { isLoopback, OPERATOR, type Viewer, viewerFrom } from '../viewer.ts';
import type { DebugPages, Looked } from './debug-pages.ts';

export interface DebugAppOptions {
  readonly pages: DebugPages;
  /** Whether all ports serve; the inputs were read before the server was made. */
  readonly ready: () => boolean;
  readonly version: string;
  readonly rootNamespace: string;
  /** Who shows this `authorization` header. Rejects, or answers undefined, when nothing is proved. */
  readonly authenticate: (authorization: string | undefined) => Promise<{ readonly namespace: string } | undefined>;
}

export function debugApp(options: DebugAppOptions): Hono {
  const { pages, ready, version } = options;
  const app = new Hono();
  app.get('/ready', (context) => (ready() ? context.text('') : context.text('not ready', 503)));
  app.get('/version', (context) => context.text(version));
  app.get('/debug', (context) => context.html(index(pages)));
  app.get('/debug/:page', async (context) => {
    const viewer = await whoLooks(context, options);
    if (!viewer) return context.body(null, 401);
    const { searchParams } = new URL(context.req.url);
    return answer(context, pages.look(context.req.param('page'), { query: searchParams, viewer }));
  });
  return app;
}

async function whoLooks(context: Context, options: DebugAppOptions): Promise<Viewer | undefined> {
  if (isLoopback(peerAddress(context) ?? '')) return OPERATOR;
  const caller = await options.authenticate(context.req.header('authorization')).catch(() => undefined);
  return caller && viewerFrom(caller.namespace, options.rootNamespace);
}

function answer(context: Context, looked: Looked): Response {
  switch (looked.kind) {
    case 'json': {
      if (context.req.query('pretty') === undefined) return context.json(looked.value);
      const headers = { 'content-type': 'application/json' };
      return context.body(`${JSON.stringify(looked.value, null, 2)}\n`, 200, headers);
    }
    case 'refusal':
      return context.text(looked.text, looked.status);
    case 'forbidden':
      return context.body(null, 403);
    default:
      return context.text('404 page not found\n', 404);
  }
}

function index(pages: DebugPages): string {
  const rows = pages.all.map(
    ({ name, help }) => `<tr><td><a href="/debug/${name}">${name}</a></td><td>${help}</td></tr>`,
  );
  return `<!doctype html><title>Pilot debug pages</title><table>${rows.join('\n')}</table>\n`;
}
