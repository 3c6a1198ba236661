// The list of admin pages: what each answers, and which change something and so need a POST.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin
import type { LogLevel } from '@meltemi/base';
import { compileRegex } from '@meltemi/decide';
import { AdminRequestError } from './admin-error.ts';
import type { AdminView, ListenerSnapshot } from './admin-view.ts';
import { certsJson } from './certs-page.ts';
import { addressJson, clustersJson, clustersText } from './clusters-page.ts';
import { configDump } from './config-dump.ts';
import { serverInfo } from './server-info.ts';
import { statsPage } from './stats-page.ts';

export interface AdminPage {
  readonly path: string;
  readonly help: string;
  /** Changes something: POST only. */
  readonly mutates?: boolean;
  readonly answer: (view: AdminView, query: URLSearchParams) => AdminAnswer;
}

export interface AdminAnswer {
  readonly status?: 200 | 503;
  readonly contentType: string;
  readonly body: string;
  /** Runs when the answer is sent: for what ends the server that sends it. */
  readonly afterwards?: () => void;
}

export const ADMIN_PAGES: readonly AdminPage[] = [
  {
    path: '/certs',
    help: 'print certs on machine',
    answer: (view) => json(certsJson(view.certificates(), view.clock.now())),
  },
  { path: '/clusters', help: 'upstream cluster status; ?format=json', answer: clusters },
  { path: '/config_dump', help: 'dump current configs; ?include_eds, ?resource=LIST, ?name_regex=REGEX', answer: dump },
  { path: '/drain_listeners', help: 'drain listeners; ?graceful, ?inboundonly', mutates: true, answer: drainListeners },
  {
    path: '/healthcheck/fail',
    help: 'cause the server to fail health checks',
    mutates: true,
    answer: failHealthcheck(true),
  },
  {
    path: '/healthcheck/ok',
    help: 'cause the server to pass health checks',
    mutates: true,
    answer: failHealthcheck(false),
  },
  { path: '/hot_restart_version', help: 'print the hot restart compatibility version', answer: () => text('disabled') },
  { path: '/listeners', help: 'print listener info; ?format=json', answer: listeners },
  { path: '/logging', help: 'change the logging level; ?level=LEVEL', mutates: true, answer: logging },
  { path: '/memory', help: 'print current allocation and heap usage', answer: () => json(memory()) },
  { path: '/quitquitquit', help: 'exit the server', mutates: true, answer: quit },
  { path: '/ready', help: 'print server state, 200 if LIVE, otherwise 503', answer: ready },
  { path: '/reopen_logs', help: 'reopen access logs', mutates: true, answer: reopenLogs },
  { path: '/reset_counters', help: 'reset all counters to zero', mutates: true, answer: resetCounters },
  {
    path: '/server_info',
    help: 'print server version and status',
    answer: (view) => json(serverInfo(view, view.clock.now())),
  },
  {
    path: '/stats',
    help: 'print server stats; ?filter=REGEX, ?usedonly, ?type=KIND, ?format=json|prometheus',
    answer: stats,
  },
  { path: '/stats/prometheus', help: 'print server stats in prometheus format', answer: prometheus },
];

const OK = text('OK\n');

/** Envoy's spellings of the levels beside our own. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  critical: 'error',
  off: 'none',
};

function text(body: string): AdminAnswer {
  return { contentType: 'text/plain; charset=UTF-8', body };
}

function json(value: unknown): AdminAnswer {
  return { contentType: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` };
}

function wantsJson(query: URLSearchParams): boolean {
  return query.get('format') === 'json';
}

function clusters(view: AdminView, query: URLSearchParams): AdminAnswer {
  const snapshot = view.clusters();
  return wantsJson(query) ? json(clustersJson(snapshot)) : text(clustersText(snapshot));
}

function dump(view: AdminView, query: URLSearchParams): AdminAnswer {
  if (query.has('mask')) throw new AdminRequestError('mask is not supported: use resource and name_regex');
  const resource = query.get('resource');
  const keepsName = nameFilter(query.get('name_regex'), true);
  const wanted = { ...(resource !== null && { resource }), ...(keepsName && { keepsName }) };
  return json(configDump(view, { includeEndpoints: flag(query, 'include_eds'), ...wanted }));
}

function drainListeners(view: AdminView, query: URLSearchParams): AdminAnswer {
  view.actions.drainListeners({ graceful: flag(query, 'graceful'), inboundOnly: flag(query, 'inboundonly') });
  return OK;
}

function failHealthcheck(fail: boolean): AdminPage['answer'] {
  return (view) => {
    view.actions.failHealthcheck(fail);
    return OK;
  };
}

function listeners(view: AdminView, query: URLSearchParams): AdminAnswer {
  const bound = view.listeners().filter(isBound);
  if (!wantsJson(query)) return text(bound.map(({ name, address }) => `${name}::${address}\n`).join(''));
  const statuses = bound.map(({ name, address }) => ({ name, local_address: addressJson(address) }));
  return json({ listener_statuses: statuses });
}

function isBound(listener: ListenerSnapshot): listener is ListenerSnapshot & { readonly address: string } {
  return listener.address !== undefined;
}

function logging(view: AdminView, query: URLSearchParams): AdminAnswer {
  const name = query.get('level') ?? query.get('paths')?.split(':').at(-1);
  const level = name === undefined ? undefined : LEVELS[name];
  if (name !== undefined && !level)
    throw new AdminRequestError(`unknown log level ${name}: use ${Object.keys(LEVELS).join(', ')}`);
  if (level) view.actions.setLogLevel(level);
  return text(`active loggers:\n  all: ${view.actions.logLevel()}\n`);
}

/** Envoy's fields, filled with what V8 knows. Bytes. */
function memory(): object {
  const { heapUsed, heapTotal, rss, external } = process.memoryUsage();
  return {
    allocated: String(heapUsed + external),
    heap_size: String(heapTotal),
    pageheap_unmapped: '0',
    pageheap_free: String(heapTotal - heapUsed),
    total_thread_cache: '0',
    total_physical_bytes: String(rss),
  };
}

function quit(view: AdminView): AdminAnswer {
  return { ...OK, afterwards: () => view.actions.quit() };
}

function ready(view: AdminView): AdminAnswer {
  const state = view.state();
  return { ...text(`${state}\n`), status: state === 'LIVE' ? 200 : 503 };
}

function reopenLogs(view: AdminView): AdminAnswer {
  view.actions.reopenLogs();
  return OK;
}

function resetCounters(view: AdminView): AdminAnswer {
  view.stats.resetCounters();
  return OK;
}

function stats(view: AdminView, query: URLSearchParams): AdminAnswer {
  const keepsName = nameFilter(query.get('filter'), false);
  return statsPage(view.stats, {
    format: query.get('format') ?? '',
    usedOnly: flag(query, 'usedonly'),
    type: query.get('type') ?? '',
    ...(keepsName && { keepsName }),
  });
}

function prometheus(view: AdminView, query: URLSearchParams): AdminAnswer {
  query.set('format', 'prometheus');
  return stats(view, query);
}

/** `?name`, `?name=true`, `?name=1`; not `?name=false`. */
function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}

function nameFilter(pattern: string | null, whole: boolean): ((name: string) => boolean) | undefined {
  if (pattern === null || pattern === '') return undefined;
  return compileFilter(whole ? pattern : `.*(?:${pattern}).*`);
}

/** The engine is linear in time, whatever is asked. */
function compileFilter(pattern: string): (name: string) => boolean {
  try {
    return compileRegex(pattern);
  } catch (error) {
    throw new AdminRequestError((error as Error).message);
  }
}
