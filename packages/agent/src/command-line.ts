// Reads pilot-agent's command line and environment into what the agent needs.
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Labels, type LogLevel, parseDuration, parseSocketAddress } from '@meltemi/base';
import type { AgentOptions } from './agent.ts';
import type { ProxyRole } from './bootstrap.ts';

/** What the command line says; the rest of AgentOptions are things, not words. */
export type AgentCommand = Omit<
  AgentOptions,
  'clock' | 'dice' | 'logger' | 'onProxyStarted' | 'onReady' | 'proxyCommand' | 'proxyTakesIpc' | 'temporaryDirectory'
> & {
  /** Another proxy than ours; undefined: ours. */
  readonly binaryPath: string | undefined;
  readonly logLevel: LogLevel;
};

export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
  readonly code = 'BAD_COMMAND_LINE';
}

export type Environment = Readonly<Record<string, string | undefined>>;

const ROLES: Readonly<Record<string, ProxyRole>> = {
  sidecar: 'sidecar',
  ingress: 'router',
  egress: 'router',
  router: 'router',
};

const FLAGS = {
  domain: { type: 'string' },
  serviceCluster: { type: 'string' },
  trustDomain: { type: 'string' },
  discoveryAddress: { type: 'string', default: 'istiod.istio-system.svc:15012' },
  discoveryName: { type: 'string', default: 'istiod.istio-system.svc' },
  discoveryRoots: { type: 'string', default: './var/run/secrets/istio/root-cert.pem' },
  tokenFile: { type: 'string', default: './var/run/secrets/tokens/istio-token' },
  proxyAdminPort: { type: 'string', default: '15000' },
  statusPort: { type: 'string' },
  configPath: { type: 'string', default: './etc/istio/proxy' },
  binaryPath: { type: 'string' },
  concurrency: { type: 'string', default: '2' },
  drainDuration: { type: 'string', default: '5s' },
  proxyLogLevel: { type: 'string', default: 'warning' },
  proxyComponentLogLevel: { type: 'string' },
  podName: { type: 'string' },
  podNamespace: { type: 'string' },
  serviceAccount: { type: 'string' },
  ip: { type: 'string' },
  labels: { type: 'string' },
  secretTTL: { type: 'string', default: '0s' },
  xdsApi: { type: 'string', default: 'delta' },
  log_output_level: { type: 'string', default: 'info' },
} as const;

export const USAGE = `usage: pilot-agent proxy sidecar|ingress|egress|router [flags]
       pilot-agent bootstrap sidecar|ingress|egress [flags of Istio 0.2]   prints Envoy's v1 file

flags:
${Object.keys(FLAGS)
  .map((name) => `  --${name}`)
  .join('\n')}
`;

/** `args` without program and script. Relative paths are under `cwd`. Throws CommandLineError. */
export function agentCommand(args: readonly string[], environment: Environment, cwd: string): AgentCommand {
  const { values, positionals } = parse(args);
  const role = roleOf(positionals);
  const podNamespace = values.podNamespace ?? environment['POD_NAMESPACE'] ?? 'default';
  const podName = required('podName', values.podName ?? environment['POD_NAME']);
  const labels = readLabels(values.labels ?? environment['ISTIO_METAJSON_LABELS'] ?? '{}');
  const path = (text: string) => (isAbsolute(text) ? text : join(cwd, text));
  return {
    workload: {
      role,
      podName,
      podNamespace,
      labels,
      serviceAccount: values.serviceAccount ?? environment['SERVICE_ACCOUNT'] ?? 'default',
      ip: values.ip ?? environment['INSTANCE_IP'] ?? '127.0.0.1',
      domain: values.domain ?? `${podNamespace}.svc.cluster.local`,
      serviceCluster: values.serviceCluster ?? `${labels['app'] ?? podName}.${podNamespace}`,
      clusterId: environment['ISTIO_META_CLUSTER_ID'] ?? 'Kubernetes',
      delta: values.xdsApi === 'delta',
      metadata: readMetadata(environment),
    },
    discoveryAddress: readAddress(values.discoveryAddress),
    discoveryName: values.discoveryName,
    discoveryRoots: path(values.discoveryRoots),
    tokenFile: path(values.tokenFile),
    ...(environment['PROV_CERT'] && { provisionedCertificates: path(environment['PROV_CERT']) }),
    ...(environment['OUTPUT_CERTS'] && { outputCertificates: path(environment['OUTPUT_CERTS']) }),
    trustDomain: values.trustDomain ?? environment['TRUST_DOMAIN'] ?? 'cluster.local',
    secretTtlMs: readDuration('secretTTL', values.secretTTL),
    configPath: path(values.configPath),
    adminPort: readCount('proxyAdminPort', values.proxyAdminPort, 65_535),
    ...(values.statusPort !== undefined && { statusPort: readCount('statusPort', values.statusPort, 65_535) }),
    concurrency: readCount('concurrency', values.concurrency, 1024),
    drainDurationMs: readDuration('drainDuration', values.drainDuration),
    proxyLogLevel: values.proxyLogLevel,
    binaryPath: values.binaryPath,
    logLevel: readLogLevel(values.log_output_level),
  };
}

/** Every ISTIO_META_NAME of the environment is NAME of the node's metadata; of ISTIO_METAJSON_NAME the parsed value. */
function readMetadata(environment: Environment): Readonly<Record<string, unknown>> {
  const metadata: Record<string, unknown> = {};
  for (const [variable, text] of Object.entries(environment)) {
    const [, json, name] = /^ISTIO_META(JSON)?_(.+)$/.exec(variable) ?? [];
    if (name === undefined || text === undefined || name === 'LABELS') continue;
    metadata[name] = json ? readJson(variable, text) : text;
  }
  return metadata;
}

function readJson(variable: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new CommandLineError(`${variable} is no JSON`, { cause });
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new CommandLineError(cause instanceof Error ? cause.message : 'unreadable', { cause });
  }
}

function roleOf([command, role = 'sidecar', ...further]: readonly string[]): ProxyRole {
  const known = ROLES[role];
  if (command !== 'proxy') throw new CommandLineError(`unknown command ${JSON.stringify(command ?? '')}`);
  if (!known || further.length > 0) throw new CommandLineError(`unknown role ${JSON.stringify(further[0] ?? role)}`);
  return known;
}

function required(flag: string, value: string | undefined): string {
  if (value) return value;
  throw new CommandLineError(`--${flag} is missing`);
}

function readAddress(text: string): AgentCommand['discoveryAddress'] {
  const address = parseSocketAddress(text);
  if (!address) throw new CommandLineError(`--discoveryAddress: ${JSON.stringify(text)} is not HOST:PORT`);
  return address;
}

function readDuration(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 0) throw new CommandLineError(`--${flag}: ${JSON.stringify(text)} is no duration`);
  return ms;
}

function readCount(flag: string, text: string, max: number): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= max))
    throw new CommandLineError(`--${flag}: ${JSON.stringify(text)} is not a number from 0 to ${max}`);
  return count;
}

/** `default:info`, `all:debug` or a level alone; levels of other scopes are Istio's and mean nothing here. */
function readLogLevel(text: string): LogLevel {
  const [level] = text.split(',').map((part) => part.replace(/^(default|all):/, ''));
  const levels: readonly string[] = ['debug', 'info', 'warn', 'error', 'none'];
  return levels.includes(level!) ? (level as LogLevel) : 'info';
}

/** A JSON object of texts, or `app=reviews,version=v1`. */
function readLabels(text: string): Labels {
  if (!text.startsWith('{')) return Object.fromEntries(text.split(',').filter(Boolean).map(readPair));
  const labels = parseJson(text);
  const entries = Object.entries(labels);
  if (entries.some(([, value]) => typeof value !== 'string'))
    throw new CommandLineError('--labels: values must be texts');
  return labels as Labels;
}

function parseJson(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (cause) {
    throw new CommandLineError('--labels: neither JSON nor KEY=VALUE,…', { cause });
  }
}

function readPair(pair: string): readonly [string, string] {
  const at = pair.indexOf('=');
  if (at <= 0) throw new CommandLineError('--labels: neither JSON nor KEY=VALUE,…');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
