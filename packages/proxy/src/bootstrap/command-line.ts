// Turns the proxy's arguments, which are Envoy's, into settings.
// https://www.envoyproxy.io/docs/envoy/latest/operations/cli
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import type { LogLevel } from '@meltemi/base';

export interface ProxyCommand {
  readonly kind: 'run';
  readonly mode: 'serve' | 'validate' | 'init_only';
  readonly configPath?: string;
  readonly configYaml?: string;
  readonly serviceNode?: string;
  readonly serviceCluster?: string;
  readonly serviceZone?: string;
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  readonly logPath?: string;
  readonly drainTimeMs: number;
  readonly allowUnknownStaticFields: boolean;
}

/** What the arguments ask for. */
export type CommandLine = ProxyCommand | { readonly kind: 'help' } | { readonly kind: 'version' };

export class CommandLineError extends Error {
  readonly code = 'BAD_COMMAND_LINE';
}

/** Those without a help text are Envoy's too, and change nothing here. */
const OPTIONS = {
  'config-path': { type: 'string', short: 'c', help: 'FILE: bootstrap in YAML or JSON' },
  'config-yaml': { type: 'string', help: 'TEXT: bootstrap merged over the file' },
  mode: { type: 'string', help: 'serve (default), validate, or init_only' },
  concurrency: { type: 'string', help: 'N: worker threads' },
  'service-node': { type: 'string', help: 'NAME: node id' },
  'service-cluster': { type: 'string', help: 'NAME: node cluster' },
  'service-zone': { type: 'string', help: 'NAME: zone of the node' },
  'log-level': { type: 'string', short: 'l', help: 'trace, debug, info (default), warning, error, critical, off' },
  'log-path': { type: 'string', help: 'FILE: log here in place of stderr' },
  'drain-time-s': { type: 'string', help: 'SECONDS: how long connections may go on after a drain began (600)' },
  'allow-unknown-static-fields': { type: 'boolean', help: 'pass over unknown fields of the bootstrap' },
  version: { type: 'boolean', help: 'print the version' },
  help: { type: 'boolean', short: 'h', help: 'print this' },
  'admin-address-path': { type: 'string' },
  'base-id': { type: 'string' },
  'base-id-path': { type: 'string' },
  'component-log-level': { type: 'string' },
  'cpuset-threads': { type: 'boolean' },
  'disable-extensions': { type: 'string' },
  'disable-hot-restart': { type: 'boolean' },
  'drain-strategy': { type: 'string' },
  'enable-mutex-tracing': { type: 'boolean' },
  'file-flush-interval-msec': { type: 'string' },
  'file-flush-min-size-kb': { type: 'string' },
  'ignore-unknown-dynamic-fields': { type: 'boolean' },
  'local-address-ip-version': { type: 'string' },
  'log-format': { type: 'string' },
  'log-format-escaped': { type: 'boolean' },
  'parent-shutdown-time-s': { type: 'string' },
  'reject-unknown-dynamic-fields': { type: 'boolean' },
  'restart-epoch': { type: 'string' },
  'skip-hot-restart-on-no-parent': { type: 'boolean' },
  'skip-hot-restart-parent-stats': { type: 'boolean' },
  'skip-deprecated-logs': { type: 'boolean' },
  'socket-mode': { type: 'string' },
  'socket-path': { type: 'string' },
  'use-dynamic-base-id': { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig & Record<string, { readonly help?: string }>;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** Envoy's spellings beside our own. */
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

const MODES: readonly string[] = ['serve', 'validate', 'init_only'] satisfies ProxyCommand['mode'][];

/** Throws CommandLineError. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  if (values['config-path'] === undefined && values['config-yaml'] === undefined) {
    throw new CommandLineError(
      'At least one of --config-path or --config-yaml or Options::configProto() should be non-empty',
    );
  }
  return { ...command(values), ...texts(values) };
}

export function usage(): string {
  const lines = Object.entries(OPTIONS).flatMap(([name, option]) => {
    if (!('help' in option)) return [];
    const short = 'short' in option ? `-${option.short}, ` : '';
    return [`  ${short}--${name}  ${option.help}\n`];
  });
  return `usage: proxy -c FILE [OPTION…]\n${lines.join('')}`;
}

function parse(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new CommandLineError((error as Error).message, { cause: error });
  }
}

function command(values: Values): ProxyCommand {
  return {
    kind: 'run',
    mode: mode(values.mode ?? 'serve'),
    concurrency: whole('concurrency', values.concurrency ?? '1'),
    logLevel: level(values['log-level'] ?? 'info'),
    drainTimeMs: whole('drain-time-s', values['drain-time-s'] ?? '600') * 1000,
    allowUnknownStaticFields: values['allow-unknown-static-fields'] ?? false,
  };
}

function texts(values: Values): Partial<ProxyCommand> {
  const named = {
    configPath: values['config-path'],
    configYaml: values['config-yaml'],
    serviceNode: values['service-node'],
    serviceCluster: values['service-cluster'],
    serviceZone: values['service-zone'],
    logPath: values['log-path'],
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function mode(text: string): ProxyCommand['mode'] {
  if (!MODES.includes(text)) throw new CommandLineError(`--mode is ${MODES.join(', ')}, not ${text}`);
  return text as ProxyCommand['mode'];
}

function level(text: string): LogLevel {
  const found = Object.hasOwn(LEVELS, text) ? LEVELS[text] : undefined;
  if (!found) throw new CommandLineError(`--log-level is ${Object.keys(LEVELS).join(', ')}, not ${text}`);
  return found;
}

function whole(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new CommandLineError(`--${name} is a whole number, not ${text}`);
  return Number(text);
}
