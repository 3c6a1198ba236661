// The list of admin pages: what each answers, and which change something and so need a POST.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin
import { AdminRequestError } from './admin-error.ts';
import { type AdminAnswer, type AdminPage, flag, json, OK, text } from './admin-page.ts';
import type { AdminView } from './admin-view.ts';
import { certsJson } from './certs-page.ts';
import { clustersJson, clustersText } from './clusters-page.ts';
import { configDump } from './config-dump.ts';
import { initDump } from './init-page.ts';
import { listeners } from './listeners-page.ts';
import { logging } from './logging-page.ts';
import { memory } from './memory-page.ts';
import { nameFilter } from './name-filter.ts';
import { modifyRuntime, runtime } from './runtime-page.ts';
import { serverInfo } from './server-info.ts';
import { prometheus, stats } from './stats-page.ts';

const STATS_PARAMETERS = {
  usedonly: 'Only include stats that have been written since the start',
  filter: 'Regular expression (RE2) for filtering stats',
  invert_filter: 'Invert the filter',
};

const FORMAT = { format: 'File format to use; One of (text, json)' };

export const ADMIN_PAGES: readonly AdminPage[] = [
  {
    path: '/certs',
    help: 'print certs on machine',
    answer: (view) => json(certsJson(view.certificates(), view.clock.now())),
  },
  {
    path: '/clusters',
    help: 'upstream cluster status',
    parameters: { filter: 'Regular expression (RE2) for filtering clusters by name', ...FORMAT },
    ofAllWorkers: true,
    answer: clusters,
  },
  {
    path: '/config_dump',
    help: 'dump current configs',
    parameters: {
      resource: 'The list to dump, such as dynamic_listeners',
      mask: 'The fields to keep; with resource, of every element',
      name_regex: 'Keeps the configurations whose names match',
      include_eds: 'Dump endpoints too',
    },
    answer: dump,
  },
  {
    path: '/contention',
    help: 'dump mutex contention stats (there are no mutexes)',
    answer: () => text(NO_CONTENTION),
  },
  { path: '/cpuprofiler', help: 'CPU profiler (not built in)', mutates: true, answer: notBuiltIn },
  {
    path: '/drain_listeners',
    help: 'drain listeners',
    parameters: {
      graceful: 'Let connections end over the drain time before listeners stop',
      skip_exit: 'Drain connections but never stop the listeners',
      inboundonly: 'Drain only listeners whose traffic_direction is inbound',
    },
    mutates: true,
    answer: drainListeners,
  },
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
  { path: '/heapprofiler', help: 'heap profiler (not built in)', mutates: true, answer: notBuiltIn },
  {
    path: '/hot_restart_version',
    help: 'print the hot restart compatibility version',
    answer: () => text('disabled\n'),
  },
  {
    path: '/init_dump',
    help: 'dump what the start still waits for',
    parameters: { mask: 'listener: leave clusters out' },
    answer: initDump,
  },
  { path: '/listeners', help: 'print listener info', parameters: FORMAT, answer: listeners },
  {
    path: '/logging',
    help: 'query/change logging levels',
    parameters: {
      paths: 'Change levels as <logger>:<level>,<logger>:<level>',
      level: 'Change the level of all loggers; One of (trace, debug, info, warning, error, critical, off)',
    },
    mutates: true,
    answer: logging,
  },
  { path: '/memory', help: 'print current allocation/heap usage', answer: memory },
  { path: '/quitquitquit', help: 'exit the server', mutates: true, answer: quit },
  { path: '/ready', help: 'print server state, return 200 if LIVE, otherwise return 503', answer: ready },
  { path: '/reopen_logs', help: 'reopen access logs', mutates: true, answer: reopenLogs },
  {
    path: '/reset_counters',
    help: 'reset all counters to zero',
    mutates: true,
    ofAllWorkers: true,
    answer: resetCounters,
  },
  { path: '/runtime', help: 'print runtime values', answer: runtime },
  {
    path: '/runtime_modify',
    help: 'refused: runtime values are those of the bootstrap',
    mutates: true,
    answer: modifyRuntime,
  },
  {
    path: '/server_info',
    help: 'print server version/status information',
    answer: (view) => json(serverInfo(view, view.clock.now())),
  },
  {
    path: '/stats',
    help: 'print server stats',
    parameters: {
      ...STATS_PARAMETERS,
      format: 'Format to use; One of (text, json, prometheus)',
      type: 'Stat types to include; One of (All, Counters, Histograms, Gauges, TextReadouts)',
      histogram_buckets: 'Histogram bucket display mode; One of (cumulative, disjoint, none, summary)',
    },
    ofAllWorkers: true,
    answer: stats,
  },
  {
    path: '/stats/prometheus',
    help: 'print server stats in prometheus format',
    parameters: { ...STATS_PARAMETERS, text_readouts: 'Render text readouts as gauges with value 0' },
    ofAllWorkers: true,
    answer: prometheus,
  },
  { path: '/stats/recentlookups', help: 'lookups of stat names (none are made)', answer: () => text('total: 0\n') },
  { path: '/stats/recentlookups/clear', help: 'changes nothing', mutates: true, answer: () => OK },
  { path: '/stats/recentlookups/disable', help: 'changes nothing', mutates: true, answer: () => OK },
  { path: '/stats/recentlookups/enable', help: 'changes nothing', mutates: true, answer: () => OK },
  {
    path: '/tap',
    help: 'filter requests and stream what they are',
    mutates: true,
    answer: () => {
      throw new AdminRequestError('POST a TapRequest');
    },
  },
];

const NO_CONTENTION = 'Mutex contention tracing is not enabled. One thread serves without locks.\n';

function notBuiltIn(): never {
  throw new AdminRequestError('The current build does not support this profiler', 501);
}

function wantsJson(query: URLSearchParams): boolean {
  return query.get('format') === 'json';
}

function clusters(view: AdminView, query: URLSearchParams): AdminAnswer {
  const fits = nameFilter(query.get('filter'), false);
  const snapshot = view.clusters().filter(({ name }) => !fits || fits(name));
  return wantsJson(query) ? json(clustersJson(snapshot)) : text(clustersText(snapshot));
}

function dump(view: AdminView, query: URLSearchParams): AdminAnswer {
  const resource = query.get('resource');
  const mask = query.get('mask');
  const keepsName = nameFilter(query.get('name_regex'), true);
  return json(
    configDump(view, {
      includeEndpoints: flag(query, 'include_eds'),
      ...(resource !== null && { resource }),
      ...(mask !== null && { mask }),
      ...(keepsName && { keepsName }),
    }),
  );
}

function drainListeners(view: AdminView, query: URLSearchParams): AdminAnswer {
  // Envoy looks at the names alone.
  const options = {
    graceful: query.has('graceful'),
    inboundOnly: query.has('inboundonly'),
    skipExit: query.has('skip_exit'),
  };
  view.actions.drainListeners(options);
  return OK;
}

function failHealthcheck(fail: boolean): AdminPage['answer'] {
  return (view) => {
    view.actions.failHealthcheck(fail);
    return OK;
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
