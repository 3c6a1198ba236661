// Serves the admin pages on an address.
import type { ServerResponse } from 'node:http';
import { Hono } from 'hono';
import type { SocketAddress } from '@meltemi/base';
import { crossSiteRefusal, type RunningHttpServer, serveHttp } from '@meltemi/rpc';
import { AdminRequestError } from './admin-error.ts';
import type { AdminPage } from './admin-page.ts';
import { ADMIN_PAGES } from './admin-pages.ts';
import type { AdminView } from './admin-view.ts';
import { tapResponse } from './tap-page.ts';
import { serverStats } from './server-stats.ts';

/** Binds and serves. Rejects when the address can't be bound. */
export function serveAdmin(view: AdminView, address: SocketAddress): Promise<RunningHttpServer> {
  return serveHttp(adminApp(view), address);
}

/** What @hono/node-server gives each request. */
interface NodeBindings {
  readonly outgoing: ServerResponse;
}

function adminApp(view: AdminView): Hono {
  const app = new Hono();
  const refreshStats = serverStats(view);
  app.use(async (context, next) => {
    const { method } = context.req;
    const { host, origin } = context.req.header();
    const refused = crossSiteRefusal({ method, host, origin });
    if (refused !== undefined) return context.text(`forbidden: ${refused}\n`, 403);
    return next();
  });
  app.get('/', (context) => context.html(indexHtml()));
  app.get('/help', (context) => context.text(helpText()));
  app.post('/tap', async (context) => tapResponse(view, await context.req.text()));
  for (const page of ADMIN_PAGES) {
    app.all(page.path, async (context) => {
      refreshStats();
      const seen = (page.ofAllWorkers && (await view.ofAllWorkers?.())) || view;
      return pageResponse(page, seen, context.req.raw, context.env as NodeBindings);
    });
  }
  app.notFound((context) => context.text(`invalid path. ${helpText()}`, 404));
  app.onError((error, context) => {
    if (error instanceof AdminRequestError) return context.text(`${error.message}\n`, error.status);
    return context.text(`${error.message}\n`, 500);
  });
  return app;
}

function pageResponse(page: AdminPage, view: AdminView, request: Request, { outgoing }: NodeBindings): Response {
  if (page.mutates && request.method !== 'POST') {
    return new Response(`Method ${request.method} not allowed, POST required.\n`, {
      status: 405,
      headers: { allow: 'POST' },
    });
  }
  const { status = 200, contentType, body, afterwards } = page.answer(view, new URL(request.url).searchParams);
  if (afterwards) outgoing.once('close', afterwards);
  const headers = {
    'content-type': contentType,
    'cache-control': 'no-cache, max-age=0',
    'x-content-type-options': 'nosniff',
  };
  return new Response(body, { status, headers });
}

function helpText(): string {
  const lines = ADMIN_PAGES.map(({ path, help, mutates, parameters = {} }) => {
    const said = Object.entries(parameters).map(([name, meaning]) => `      ${name}: ${meaning}\n`);
    return `  ${path}${mutates ? ' (POST)' : ''}: ${help}\n${said.join('')}`;
  });
  return `admin commands are:\n  /: Admin home page\n  /help: print out list of admin commands\n${lines.join('')}`;
}

function indexHtml(): string {
  const rows = ADMIN_PAGES.map(({ path, help, mutates }) => {
    const link = mutates
      ? `<form method="post" action="${path}"><button>${path}</button></form>`
      : `<a href="${path}">${path}</a>`;
    return `<tr><td>${link}</td><td>${help}</td></tr>`;
  });
  return `<!doctype html><html lang="en"><title>proxy admin</title><table>${rows.join('')}</table></html>`;
}
