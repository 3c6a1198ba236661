// The proxy's command-line options, which are Envoy's: their types, and help for those that change something here.
// https://www.envoyproxy.io/docs/envoy/latest/operations/cli
import type { ParseArgsOptionsConfig } from 'node:util';

export const OPTIONS = {
  'config-path': { type: 'string', short: 'c', help: 'FILE: bootstrap in YAML or JSON' },
  'config-yaml': { type: 'string', help: 'TEXT: bootstrap merged over the file' },
  mode: { type: 'string', help: 'serve (default), validate, or init_only' },
  concurrency: { type: 'string', help: 'N: workers; default: as many as hardware threads' },
  'service-node': { type: 'string', help: 'NAME: node id' },
  'service-cluster': { type: 'string', help: 'NAME: node cluster' },
  'service-zone': { type: 'string', help: 'NAME: zone of the node' },
  'log-level': { type: 'string', short: 'l', help: 'trace, debug, info (default), warning, error, critical, off' },
  'log-path': { type: 'string', help: 'FILE: log here in place of stderr' },
  'drain-time-s': { type: 'string', help: 'SECONDS: how long connections may go on after a drain began (600)' },
  'drain-strategy': { type: 'string', help: 'gradual (default): ever more connections close; immediate: all do' },
  'admin-address-path': { type: 'string', help: 'FILE: gets the address of the admin pages' },
  'base-id-path': { type: 'string', help: 'FILE: gets the base id' },
  'stats-tag': { type: 'string', multiple: true, help: 'NAME:VALUE: a tag of every stat; may be repeated' },
  'allow-unknown-static-fields': { type: 'boolean', help: 'pass over unknown fields of the bootstrap' },
  'reject-unknown-dynamic-fields': { type: 'boolean', help: 'refuse unknown fields of discovered configuration' },
  'hot-restart-version': { type: 'boolean', help: 'print the hot restart compatibility version' },
  version: { type: 'boolean', help: 'print the version' },
  help: { type: 'boolean', short: 'h', help: 'print this' },
  'allow-unknown-fields': { type: 'boolean' },
  'base-id': { type: 'string' },
  'component-log-level': { type: 'string' },
  'cpuset-threads': { type: 'boolean' },
  'disable-extensions': { type: 'string' },
  'disable-hot-restart': { type: 'boolean' },
  'enable-core-dump': { type: 'boolean' },
  'enable-fine-grain-logging': { type: 'boolean' },
  'enable-mutex-tracing': { type: 'boolean' },
  'file-flush-interval-msec': { type: 'string' },
  'file-flush-min-size-kb': { type: 'string' },
  'ignore-unknown-dynamic-fields': { type: 'boolean' },
  'local-address-ip-version': { type: 'string' },
  'log-format': { type: 'string' },
  'log-format-escaped': { type: 'boolean' },
  'log-stacktrace-single-entry': { type: 'boolean' },
  'parent-shutdown-time-s': { type: 'string' },
  'restart-epoch': { type: 'string' },
  'skip-hot-restart-on-no-parent': { type: 'boolean' },
  'skip-hot-restart-parent-stats': { type: 'boolean' },
  'skip-deprecated-logs': { type: 'boolean' },
  'socket-mode': { type: 'string' },
  'socket-path': { type: 'string' },
  'use-dynamic-base-id': { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig & Record<string, { readonly help?: string }>;

/** Lines of help. Options without a text are taken, checked, and change nothing: there is no hot restart. */
export function optionHelp(): string {
  return Object.entries(OPTIONS)
    .flatMap(([name, option]) => {
      if (!('help' in option)) return [];
      const short = 'short' in option ? `-${option.short}, ` : '';
      return [`  ${short}--${name}  ${option.help}\n`];
    })
    .join('');
}
