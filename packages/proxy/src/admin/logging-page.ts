// Shows and sets log levels as Envoy's `/logging` does: of all loggers, or of each by its name.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#post--logging
import type { LogLevel } from '@meltemi/base';
import { AdminRequestError } from './admin-error.ts';
import { type AdminAnswer, text } from './admin-page.ts';
import type { AdminView } from './admin-view.ts';

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

/** The levels as this page shows them. */
const SHOWN: Readonly<Record<LogLevel, string>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
  none: 'off',
};

/** Loggers of Envoy that tools ask for by name; those that write nothing here take a level all the same. */
const LOGGERS: readonly string[] = (
  'admin client config connection conn_handler dns filter grpc hc health_checker http http2 init io jwt main matcher ' +
  'misc mongo pool rbac redis router runtime stats secret tap tracing upstream wasm workers xds'
).split(' ');

export function logging(view: AdminView, query: URLSearchParams): AdminAnswer {
  for (const [key, value] of query) {
    if (key === 'level') view.actions.setLogLevel(levelOf(view, value));
    else if (key === 'paths') for (const pair of value.split(',')) setPair(view, pair);
    else if (key === 'group') setPair(view, value);
    else setLogger(view, key, value);
  }
  return text(activeLoggers(view));
}

function setPair(view: AdminView, pair: string): void {
  const colon = pair.lastIndexOf(':');
  // `paths=debug` is a level for all.
  if (colon < 0) view.actions.setLogLevel(levelOf(view, pair));
  else setLogger(view, pair.slice(0, colon), pair.slice(colon + 1));
}

function setLogger(view: AdminView, name: string, level: string): void {
  if (!LOGGERS.includes(name)) throw refusal(view, 'unknown logger name');
  view.actions.setLoggerLevel(name, levelOf(view, level));
}

function levelOf(view: AdminView, name: string): LogLevel {
  const level = Object.hasOwn(LEVELS, name) ? LEVELS[name] : undefined;
  if (!level) throw refusal(view, 'unknown logger level');
  return level;
}

function refusal(view: AdminView, message: string): AdminRequestError {
  return new AdminRequestError(
    `error: ${message}

usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
levels: trace debug info warning error critical off
${activeLoggers(view)}`,
  );
}

function activeLoggers(view: AdminView): string {
  const own = view.actions.loggerLevels();
  const lines = LOGGERS.map((name) => `  ${name}: ${SHOWN[own.get(name) ?? view.actions.logLevel()]}\n`);
  return `active loggers:\n${lines.join('')}\n`;
}
