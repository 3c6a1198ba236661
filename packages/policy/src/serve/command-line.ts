// The command line of `mixs server` → where it listens and what it reads.
import { parseArgs } from 'node:util';

import { didYouMean, type LogLevel, parseSocketAddress, type SocketAddress } from '@meltemi/base';

export interface MixsCommand {
  readonly configDirs: readonly string[];
  readonly configNamespace: string;
  readonly address: SocketAddress | { readonly path: string };
  readonly monitoring: SocketAddress;
  /** What the adapter `prometheus` is scraped at. */
  readonly prometheus: SocketAddress;
  /** Of the configuration API of 0.1. */
  readonly configApi: SocketAddress;
  readonly rateLimits: RateLimitFlags;
  readonly logLevel: LogLevel;
}

export interface RateLimitFlags {
  /** Of envoyproxy/ratelimit's YAML. */
  readonly directory: string | undefined;
  /** Where the rate limit service counts; undefined: in this process. */
  readonly redis: string | undefined;
}

export class MixsCommandError extends Error {
  readonly code = 'COMMAND_LINE';

  constructor(message: string) {
    super(message);
    this.name = 'MixsCommandError';
  }
}

export const MIXS_USAGE = `Usage: mixs server [flags]
       mixs version

      --configDir DIR                 YAML of rules, handlers and instances; may be repeated
      --configStoreURL fs://DIR       the same, as the original names it
      --configDefaultNamespace NAME   whose rules are for all requests (default istio-system)
  -p, --port PORT                     Mixer's API (default 9091)
      --address tcp://HOST:PORT       or unix://PATH, in place of the port
      --monitoringPort PORT           /metrics and /version (default 9093)
      --prometheusPort PORT           metrics of the adapter prometheus (default 42422)
      --configAPIPort PORT            the configuration API of 0.1, on loopback alone (default 9094)
      --rateLimitConfigDir DIR        limits of the rate limit service, as envoyproxy/ratelimit reads them
      --rateLimitRedis URL            where it counts, in the place of its own memory
      --log_output_level LEVEL        debug, info, warn, error or none (default info)
`;

const OPTIONS = {
  configDir: { type: 'string', multiple: true },
  configStoreURL: { type: 'string', multiple: true },
  configDefaultNamespace: { type: 'string', default: 'istio-system' },
  port: { type: 'string', short: 'p', default: '9091' },
  address: { type: 'string' },
  monitoringPort: { type: 'string', default: '9093' },
  prometheusPort: { type: 'string', default: '42422' },
  configAPIPort: { type: 'string', default: '9094' },
  rateLimitConfigDir: { type: 'string' },
  rateLimitRedis: { type: 'string' },
  log_output_level: { type: 'string', default: 'info' },
} as const;

/** Throws MixsCommandError. */
export function mixsCommand(argv: readonly string[]): MixsCommand {
  const { values, positionals } = parsed(argv);
  if (positionals.length !== 1 || positionals[0] !== 'server') throw new MixsCommandError('say what to run: server');
  const configDirs = [...(values.configDir ?? []), ...(values.configStoreURL ?? []).map(folderOf)];
  if (configDirs.length === 0) throw new MixsCommandError('say where the configuration is: --configDir DIR');
  return {
    configDirs,
    configNamespace: values.configDefaultNamespace,
    address: values.address === undefined ? port('port', values.port) : address(values.address),
    monitoring: port('monitoringPort', values.monitoringPort),
    prometheus: port('prometheusPort', values.prometheusPort),
    configApi: onLoopback(port('configAPIPort', values.configAPIPort)),
    rateLimits: { directory: values.rateLimitConfigDir, redis: values.rateLimitRedis },
    logLevel: logLevel(values.log_output_level),
  };
}

function parsed(argv: readonly string[]) {
  const names = argv.filter((word) => word.startsWith('--')).map((word) => word.slice(2).split('=', 1)[0]!);
  const unknown = names.find((name) => name !== '' && !Object.hasOwn(OPTIONS, name));
  if (unknown !== undefined) {
    const meant = didYouMean(unknown, Object.keys(OPTIONS));
    throw new MixsCommandError(`unknown flag --${unknown}${meant ? `; did you mean --${meant}?` : ''}`);
  }
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new MixsCommandError((error as Error).message);
  }
}

function folderOf(url: string): string {
  if (!url.startsWith('fs://')) throw new MixsCommandError(`--configStoreURL: ${JSON.stringify(url)} is not fs://DIR`);
  return url.slice('fs://'.length);
}

/** Who reaches it may change every rule. */
function onLoopback({ host, port: number }: SocketAddress): SocketAddress {
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host, port: number };
}

/** A port of every address of the machine, or HOST:PORT. */
function port(flag: string, text: string): SocketAddress {
  const whole = parseSocketAddress(text);
  if (whole) return whole;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 65_536;
  if (number > 65_535) throw new MixsCommandError(`--${flag}: ${JSON.stringify(text)} is not a port`);
  return { host: '0.0.0.0', port: number };
}

function address(text: string): SocketAddress | { readonly path: string } {
  if (text.startsWith('unix://')) return { path: text.slice('unix://'.length) };
  const found = parseSocketAddress(text.replace(/^tcp:\/\//, ''));
  if (!found)
    throw new MixsCommandError(`--address: ${JSON.stringify(text)} is neither tcp://HOST:PORT nor unix://PATH`);
  return found;
}

/** The original writes `default:info` and lists of scopes; the first level holds for all. */
function logLevel(text: string): LogLevel {
  const level = text.split(',')[0]!.split(':').at(-1)!;
  const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'none'];
  const found = levels.find((known) => known === level);
  if (!found)
    throw new MixsCommandError(`--log_output_level: ${JSON.stringify(text)} is not one of ${levels.join(', ')}`);
  return found;
}
