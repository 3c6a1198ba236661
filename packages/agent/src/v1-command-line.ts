// Reads the command line of `pilot-agent bootstrap`: the flags with which Istio 0.2 started a proxy.
import { parseArgs } from 'node:util';
import { parseDuration } from '@meltemi/base';
import { CommandLineError } from './command-line.ts';
import type { V1ProxyConfig } from './v1-bootstrap.ts';

/** With the defaults of 0.2. Those that change nothing in the file are taken and left. */
const FLAGS = {
  discoveryAddress: { type: 'string', default: 'istio-pilot:8080' },
  discoveryRefreshDelay: { type: 'string', default: '1s' },
  connectTimeout: { type: 'string', default: '1s' },
  proxyAdminPort: { type: 'string', default: '15000' },
  zipkinAddress: { type: 'string', default: '' },
  statsdUdpAddress: { type: 'string', default: '' },
  configPath: { type: 'string' },
  binaryPath: { type: 'string' },
  serviceCluster: { type: 'string' },
  drainDuration: { type: 'string' },
  parentShutdownDuration: { type: 'string' },
} as const;

const ROLES = ['sidecar', 'ingress', 'egress'];

/** `args` without program and script: `bootstrap sidecar|ingress|egress [flags]`. Throws CommandLineError. */
export function v1ProxyConfig(args: readonly string[]): V1ProxyConfig {
  const { values, positionals } = parse(args);
  const [, role = 'sidecar', ...further] = positionals;
  if (!ROLES.includes(role) || further.length > 0)
    throw new CommandLineError(`unknown role ${JSON.stringify(further[0] ?? role)}`);
  return {
    discoveryAddress: values.discoveryAddress,
    discoveryRefreshDelayMs: duration('discoveryRefreshDelay', values.discoveryRefreshDelay),
    connectTimeoutMs: duration('connectTimeout', values.connectTimeout),
    proxyAdminPort: port(values.proxyAdminPort),
    zipkinAddress: values.zipkinAddress,
    statsdUdpAddress: values.statsdUdpAddress,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new CommandLineError(cause instanceof Error ? cause.message : 'unreadable', { cause });
  }
}

function duration(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) throw new CommandLineError(`--${flag}: ${JSON.stringify(text)} is no duration`);
  return ms;
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 65_535)
    throw new CommandLineError(`--proxyAdminPort: ${JSON.stringify(text)} is not a port`);
  return number;
}
