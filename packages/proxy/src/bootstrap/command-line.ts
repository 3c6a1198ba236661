// Turns the proxy's arguments, which are Envoy's, into settings.
import { parseArgs } from 'node:util';
import type { Labels, LogLevel } from '@meltemi/base';
import { OPTIONS, optionHelp } from './command-line-options.ts';

export interface ProxyCommand {
  readonly kind: 'run';
  readonly mode: 'serve' | 'validate' | 'init_only';
  readonly configPath?: string;
  readonly configYaml?: string;
  readonly serviceNode?: string;
  readonly serviceCluster?: string;
  readonly serviceZone?: string;
  /** At least 1; undefined: one worker a hardware thread. */
  readonly concurrency: number | undefined;
  readonly logLevel: LogLevel;
  readonly logPath?: string;
  readonly drainTimeMs: number;
  readonly drainStrategy: 'gradual' | 'immediate';
  /** A file that gets the address of the admin pages. */
  readonly adminAddressPath?: string;
  /** A file that gets the base id. */
  readonly baseIdPath?: string;
  readonly baseId: number;
  /** Tags of every stat. */
  readonly statsTags: Labels;
  readonly allowUnknownStaticFields: boolean;
  readonly rejectUnknownDynamicFields: boolean;
}

/** What the arguments ask for. */
export type CommandLine =
  | ProxyCommand
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'hot-restart-version' };

export class CommandLineError extends Error {
  readonly code = 'BAD_COMMAND_LINE';
}

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

const MODES = ['serve', 'validate', 'init_only'] as const;
const STRATEGIES = ['gradual', 'immediate'] as const;
const IP_VERSIONS = ['v4', 'v6'] as const;

/** Taken as Envoy takes them, and of no effect. */
const UNUSED_NUMBERS = [
  'file-flush-interval-msec',
  'file-flush-min-size-kb',
  'parent-shutdown-time-s',
  'restart-epoch',
  'socket-mode',
] as const;

/** Throws CommandLineError. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  if (values['hot-restart-version']) return { kind: 'hot-restart-version' };
  if (values['config-path'] === undefined && values['config-yaml'] === undefined) {
    throw new CommandLineError(
      'At least one of --config-path or --config-yaml or Options::configProto() should be non-empty',
    );
  }
  checkUnused(values);
  return { ...command(values), ...texts(values) };
}

export function usage(): string {
  return `usage: proxy -c FILE [OPTION…]\n${optionHelp()}`;
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
    mode: oneOf('mode', MODES, values.mode ?? 'serve'),
    concurrency: values.concurrency === undefined ? undefined : Math.max(1, whole('concurrency', values.concurrency)),
    logLevel: level('log-level', values['log-level'] ?? 'info'),
    drainTimeMs: whole('drain-time-s', values['drain-time-s'] ?? '600') * 1000,
    drainStrategy: oneOf('drain-strategy', STRATEGIES, values['drain-strategy'] ?? 'gradual'),
    baseId: whole('base-id', values['base-id'] ?? '0'),
    statsTags: statsTags(values['stats-tag'] ?? []),
    allowUnknownStaticFields: (values['allow-unknown-static-fields'] ?? values['allow-unknown-fields']) === true,
    rejectUnknownDynamicFields: values['reject-unknown-dynamic-fields'] ?? false,
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
    adminAddressPath: values['admin-address-path'],
    baseIdPath: values['base-id-path'],
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

/** A wrong value is told even where a right one changes nothing. */
function checkUnused(values: Values): void {
  for (const name of UNUSED_NUMBERS) whole(name, values[name] ?? '0');
  oneOf('local-address-ip-version', IP_VERSIONS, values['local-address-ip-version'] ?? 'v4');
  if (values['use-dynamic-base-id'] && Number(values['restart-epoch'] ?? 0) > 0) {
    throw new CommandLineError(`cannot use --restart-epoch=${values['restart-epoch']} with --use-dynamic-base-id`);
  }
  for (const component of values['component-log-level']?.split(',') ?? []) {
    const [name, text, ...more] = component.split(':');
    if (!name || text === undefined || more.length > 0) {
      throw new CommandLineError(`--component-log-level is NAME:LEVEL,…, not ${component}`);
    }
    level('component-log-level', text);
  }
}

/** As Envoy: names of letters and digits; values without a dot, and one value a name. */
function statsTags(tags: readonly string[]): Labels {
  const found = new Map<string, string>();
  for (const tag of tags) {
    const [, name, value] = /^([A-Za-z0-9_]+):([^.]+)$/.exec(tag) ?? [];
    if (name === undefined || value === undefined) throw new CommandLineError(`misformatted stats-tag '${tag}'`);
    if ((found.get(name) ?? value) !== value) {
      throw new CommandLineError(`--stats-tag ${name} has two values, ${found.get(name)} and ${value}`);
    }
    found.set(name, value);
  }
  return Object.fromEntries(found);
}

function oneOf<Value extends string>(name: string, values: readonly Value[], text: string): Value {
  const found = values.find((value) => value === text);
  if (found === undefined) throw new CommandLineError(`--${name} is ${values.join(', ')}, not ${text}`);
  return found;
}

function level(name: string, text: string): LogLevel {
  const found = Object.hasOwn(LEVELS, text) ? LEVELS[text] : undefined;
  if (!found) throw new CommandLineError(`--${name} is ${Object.keys(LEVELS).join(', ')}, not ${text}`);
  return found;
}

function whole(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new CommandLineError(`--${name} is a whole number, not ${text}`);
  return Number(text);
}
