// The command line and environment of istio-iptables → settings. Flags of Istio 0.2 (prepare_proxy.sh), 1.0 and today.
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

import { FlagError, groups, interfaces, ip, number, owners, portChoice, ports, ranges } from './flag-values.ts';
import type { DnsRedirect, RedirectSettings } from './redirect-settings.ts';

/** What the machine knows and no flag says. */
export interface RedirectHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the pod has addresses of IPv6; `dualStack`: beside of one of IPv4. */
  hasIpv6(dualStack: boolean): boolean;
  /** The addresses of the name servers. */
  nameServers(): readonly string[];
}

export interface RedirectCommand {
  readonly action: 'print' | 'apply' | 'cleanup';
  /** The rules of Istio 0.2, or today's. */
  readonly legacy: boolean;
  readonly settings: RedirectSettings;
}

/** The flags with a value: short name and default. Each may also stand in the environment: envoy-port as ENVOY_PORT. */
const FLAGS = {
  'envoy-port': ['p', '15001'],
  'inbound-capture-port': ['z', '15006'],
  'inbound-tunnel-port': ['e', '15008'],
  'proxy-uid': ['u', '1337'],
  'proxy-gid': ['g', '1337'],
  'istio-inbound-interception-mode': ['m', 'REDIRECT'],
  'istio-inbound-tproxy-mark': ['t', '1337'],
  'istio-inbound-tproxy-route-table': ['r', '133'],
  'istio-inbound-ports': ['b', ''],
  'istio-local-exclude-ports': ['d', ''],
  'istio-exclude-interfaces': ['c', ''],
  'istio-service-cidr': ['i', ''],
  'istio-service-exclude-cidr': ['x', ''],
  'istio-outbound-ports': ['q', ''],
  'istio-local-outbound-ports-exclude': ['o', ''],
  'kube-virt-interfaces': ['k', ''],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

const SWITCHES = {
  'redirect-dns': undefined,
  'capture-all-dns': undefined,
  'drop-invalid': undefined,
  'dual-stack': undefined,
  'dry-run': 'n',
  cleanup: undefined,
  'cleanup-only': undefined,
  'skip-rule-apply': undefined,
  'rules-of-0.2': undefined,
} as const;

type Flag = keyof typeof FLAGS;
type Switch = keyof typeof SWITCHES;

export const REDIRECT_USAGE = [
  'istio-iptables: leads the traffic of a pod to its sidecar',
  ...Object.entries(FLAGS).map(
    ([name, [short, value]]) => `  -${short}, --${name} (${value === '' ? 'empty' : value})`,
  ),
  ...Object.entries(SWITCHES).map(([name, short]) => `  ${short === undefined ? '' : `-${short}, `}--${name}`),
  '',
].join('\n');

/** `program`: the name it was called by; as prepare_proxy.sh it is that of Istio 0.2. Throws FlagError. */
export function redirectCommand(program: string, args: readonly string[], host: RedirectHost): RedirectCommand {
  const { flag, isOn } = readFlags(args, host);
  const legacy = isOn('rules-of-0.2') || program === 'prepare_proxy.sh';
  return {
    action: isOn('cleanup') || isOn('cleanup-only') ? 'cleanup' : isOn('dry-run') ? 'print' : 'apply',
    legacy,
    settings: {
      mode: interceptionMode(flag('istio-inbound-interception-mode')),
      proxyPort: number(flag('envoy-port'), 65_535),
      inboundCapturePort: number(flag('inbound-capture-port'), 65_535),
      inboundTunnelPort: number(flag('inbound-tunnel-port'), 65_535),
      tproxyMark: number(flag('istio-inbound-tproxy-mark'), 0xff_ff_ff_ff),
      tproxyRouteTable: number(flag('istio-inbound-tproxy-route-table'), 0xff_ff_ff_ff),
      proxyUids: owners(flag('proxy-uid')),
      proxyGids: owners(flag('proxy-gid')),
      inboundPorts: portChoice(flag('istio-inbound-ports'), flag('istio-local-exclude-ports')),
      outboundPorts: ports(flag('istio-outbound-ports')),
      outboundPortsExcluded: ports(flag('istio-local-outbound-ports-exclude')),
      // In Istio 0.2 nothing said meant everything.
      outboundRanges: outboundRanges(flag('istio-service-cidr') || (legacy ? '*' : '')),
      outboundRangesExcluded: ranges(flag('istio-service-exclude-cidr')),
      interfacesExcluded: interfaces(flag('istio-exclude-interfaces')),
      interfacesRerouted: interfaces(flag('kube-virt-interfaces')),
      ownerGroups: groups(
        host.env['ISTIO_OUTBOUND_OWNER_GROUPS'] ?? '*',
        host.env['ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE'] ?? '',
      ),
      dns: isOn('redirect-dns') ? dnsRedirect(isOn('capture-all-dns'), host) : { kind: 'off' },
      dropInvalid: isOn('drop-invalid') || host.env['INVALID_DROP'] === 'true',
      loopbackV4: loopback(host.env['ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR'] ?? '127.0.0.1/32'),
      ipv6: !legacy && host.hasIpv6(isOn('dual-stack')),
    },
  };
}

function readFlags(args: readonly string[], { env }: RedirectHost) {
  const options: ParseArgsOptionsConfig = {};
  for (const [name, [short]] of Object.entries(FLAGS)) options[name] = { type: 'string', short };
  for (const [name, short] of Object.entries(SWITCHES))
    options[name] = { type: 'boolean', ...(short === undefined ? {} : { short }) };
  const values = parseWords(args, options);
  const fromEnv = (name: string): string | undefined => env[name.replaceAll('-', '_').toUpperCase()];
  return {
    flag: (name: Flag): string => String(values[name] ?? fromEnv(name) ?? FLAGS[name][1]),
    isOn: (name: Switch): boolean => values[name] === true || fromEnv(name) === 'true',
  };
}

function parseWords(args: readonly string[], options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new FlagError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function interceptionMode(text: string): RedirectSettings['mode'] {
  if (text === 'REDIRECT' || text === 'TPROXY') return text;
  throw new FlagError(`mode ${text}: expected REDIRECT or TPROXY`);
}

function outboundRanges(text: string): RedirectSettings['outboundRanges'] {
  return text === '*' ? { kind: 'all' } : { kind: 'some', ...ranges(text) };
}

function loopback(text: string): string {
  const { v4, v6 } = ranges(text);
  if (v4.length === 1 && v6.length === 0) return v4[0]!;
  throw new FlagError(`loopback ${text}: expected one range of IPv4 addresses`);
}

/** Without any name server there is nothing to redirect. */
function dnsRedirect(all: boolean, host: RedirectHost): DnsRedirect {
  if (all) return { kind: 'all' };
  const { v4, v6 } = ip(host.nameServers());
  return v4.length + v6.length === 0 ? { kind: 'off' } : { kind: 'servers', v4, v6 };
}
