// Reads the command line of `pilot-discovery discovery`.
import { parseArgs } from 'node:util';
import { didYouMean, type LogLevel, parseDuration, parseSocketAddress, type SocketAddress } from '@meltemi/base';
import { rangesOf } from '@meltemi/rpc';
import type { MixerSettings } from './mixer-settings.ts';
import { type Release, RELEASES } from './v1/release.ts';

export interface DiscoveryCommand {
  /** Where Istio's configuration is; empty: in Kubernetes. */
  readonly configDirs: readonly string[];
  /** Whether services, pods and what the directories don't hold come from an API server. */
  readonly kubernetes: boolean;
  /** The way to it; empty: that of the pod in which this runs. */
  readonly kubeconfig: string;
  /** Where Pods are written; empty: only in the configuration. */
  readonly podsDir: string;
  /** Keeps what was good of each file over restarts; empty: nothing is kept. */
  readonly lastGoodDir: string;
  /** YAML of a MeshConfig; empty: defaults. */
  readonly meshConfig: string;
  /** YAML of MeshNetworks; empty: there is one network. */
  readonly networksConfig: string;
  readonly domain: string;
  /** What workloads ask for where no policy says it. */
  readonly mutualTls: 'PERMISSIVE' | 'STRICT';
  /** What becomes of destinations that no rule says it of. */
  readonly loadBalancer: 'LEAST_REQUEST' | 'ROUND_ROBIN';
  /** Where Mixer answers and who applies its rules, where the MeshConfig doesn't say; undefined: nobody asks it. */
  readonly mixer: MixerSettings | undefined;
  readonly grpcAddr: SocketAddress;
  readonly secureGrpcAddr: SocketAddress;
  readonly httpAddr: SocketAddress;
  readonly monitoringAddr: SocketAddress;
  /** Where the authority keeps its root; empty: no authority, and nothing is served on the secure port. */
  readonly caDir: string;
  /** Where the roots are served as a SPIFFE bundle, over TLS; undefined: nowhere. */
  readonly bundleAddr: SocketAddress | undefined;
  /** Files; empty: tokens are not taken. */
  readonly tokenJwks: string;
  readonly tokenIssuer: string;
  readonly workloadCertTtlMs: number;
  /** Whether each ServiceAccount of the cluster gets a Secret with key and certificate. */
  readonly accountSecrets: boolean;
  /** Inner addresses at which keys of token issuers may be fetched: `10.0.0.0/8`. */
  readonly jwksAllowedRanges: readonly string[];
  /** The release whose v1 documents are served on the HTTP port. */
  readonly v1Release: Release;
  /** The one namespace that v1 documents speak of, as 0.1 watched one; empty: all. */
  readonly namespace: string;
  readonly logLevel: LogLevel;
}

/** What is wrong with the command line, in one sentence. */
export class CommandLineError extends Error {
  readonly code = 'COMMAND_LINE';

  constructor(message: string) {
    super(message);
    this.name = 'CommandLineError';
  }
}

export const USAGE = `Usage: pilot-discovery discovery [flags]

      --configDir DIR            YAML of services and rules; may be repeated
      --podsDir DIR              YAML of the pods that run
      --lastGoodDir DIR          keeps the last good text of each file, and token issuers' keys, over restarts
      --registries NAMES         platforms: File, Kubernetes (default File, and Kubernetes with a kubeconfig)
      --kubeconfig FILE          the way to the API server; none: that of the pod in which this runs
      --meshConfig FILE          settings of the whole mesh
      --networksConfig FILE      networks of the mesh, and the gateways between them
      --mutualTls MODE           what workloads ask for where no policy says it: PERMISSIVE (default) or STRICT
      --loadBalancer NAME        of destinations that no rule says it of: LEAST_REQUEST (default) or ROUND_ROBIN
      --mixerAddr ADDR           where Mixer answers, unless the settings of the mesh say it
      --mixerChecks WHO          who applies its rules to requests: mixer (default) or sidecar
      --domain NAME              DNS domain of services (default cluster.local)
      --grpcAddr ADDR            xDS in plaintext (default :15010)
      --secureGRPCAddr ADDR      xDS and certificates over TLS (default :15012)
      --httpAddr ADDR            readiness and debugging (default :8080)
      --monitoringAddr ADDR      metrics (default :15014)
      --caDir DIR                where the root key is kept
      --bundleAddr ADDR          serves the roots as a SPIFFE bundle over TLS (default: nowhere)
      --tokenJwks FILE           keys by which workload tokens are verified
      --tokenIssuer NAME         who issues them
      --workloadCertTTL TIME     life of workload certificates (default 24h)
      --accountSecrets           keeps a Secret istio.NAME with key and certificate for each ServiceAccount
      --jwksAllowedRanges LIST   inner addresses at which keys of token issuers and bundles of other trust domains
                                 may be fetched: 10.0.0.0/8,127.0.0.1
      --v1Release RELEASE        whose v1 REST discovery is served: 0.1, 0.2 or 0.7 (default 0.2)
      --namespace NAME           the one namespace of v1 discovery (default: all)
      --log_output_level LEVEL   debug, info, warn, error or none (default info)
`;

const OPTIONS = {
  configDir: { type: 'string', multiple: true },
  podsDir: { type: 'string' },
  lastGoodDir: { type: 'string' },
  registries: { type: 'string', multiple: true },
  kubeconfig: { type: 'string' },
  meshConfig: { type: 'string' },
  networksConfig: { type: 'string' },
  mixerAddr: { type: 'string' },
  mixerChecks: { type: 'string' },
  domain: { type: 'string' },
  mutualTls: { type: 'string' },
  loadBalancer: { type: 'string' },
  grpcAddr: { type: 'string' },
  secureGRPCAddr: { type: 'string' },
  httpAddr: { type: 'string' },
  monitoringAddr: { type: 'string' },
  caDir: { type: 'string' },
  bundleAddr: { type: 'string' },
  tokenJwks: { type: 'string' },
  tokenIssuer: { type: 'string' },
  workloadCertTTL: { type: 'string' },
  accountSecrets: { type: 'boolean' },
  jwksAllowedRanges: { type: 'string', multiple: true },
  v1Release: { type: 'string' },
  namespace: { type: 'string' },
  log_output_level: { type: 'string' },
} as const;

/** Throws CommandLineError. */
export function discoveryCommand(argv: readonly string[]): DiscoveryCommand {
  const { values, positionals } = parsed(argv);
  if (positionals.length !== 1 || positionals[0] !== 'discovery')
    throw new CommandLineError('say what to run: discovery');
  const kubernetes = withKubernetes(values.registries, values.kubeconfig);
  if (!values.configDir && !kubernetes) {
    throw new CommandLineError('say where the configuration is: --configDir DIR or --kubeconfig FILE');
  }
  return {
    configDirs: values.configDir ?? [],
    kubernetes,
    kubeconfig: values.kubeconfig ?? '',
    podsDir: values.podsDir ?? '',
    lastGoodDir: values.lastGoodDir ?? '',
    meshConfig: values.meshConfig ?? '',
    networksConfig: values.networksConfig ?? '',
    domain: values.domain ?? 'cluster.local',
    mutualTls: oneOf('mutualTls', values.mutualTls ?? 'PERMISSIVE', ['PERMISSIVE', 'STRICT']),
    loadBalancer: oneOf('loadBalancer', values.loadBalancer ?? 'LEAST_REQUEST', ['LEAST_REQUEST', 'ROUND_ROBIN']),
    mixer: mixer(values.mixerAddr, values.mixerChecks ?? 'mixer'),
    grpcAddr: address('grpcAddr', values.grpcAddr ?? ':15010'),
    secureGrpcAddr: address('secureGRPCAddr', values.secureGRPCAddr ?? ':15012'),
    httpAddr: address('httpAddr', values.httpAddr ?? ':8080'),
    monitoringAddr: address('monitoringAddr', values.monitoringAddr ?? ':15014'),
    caDir: values.caDir ?? '',
    bundleAddr: values.bundleAddr === undefined ? undefined : address('bundleAddr', values.bundleAddr),
    tokenJwks: values.tokenJwks ?? '',
    tokenIssuer: values.tokenIssuer ?? '',
    workloadCertTtlMs: duration('workloadCertTTL', values.workloadCertTTL ?? '24h'),
    accountSecrets: values.accountSecrets ?? false,
    jwksAllowedRanges: ranges('jwksAllowedRanges', values.jwksAllowedRanges ?? []),
    v1Release: v1Release(values.v1Release ?? '0.2'),
    namespace: values.namespace ?? '',
    logLevel: logLevel(values.log_output_level ?? 'info'),
  };
}

function parsed(argv: readonly string[]) {
  const unknown = argv
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).split('=', 1)[0]!)
    .find((name) => name !== '' && !Object.hasOwn(OPTIONS, name));
  if (unknown !== undefined) {
    const meant = didYouMean(unknown, Object.keys(OPTIONS));
    throw new CommandLineError(`unknown flag --${unknown}${meant ? `; did you mean --${meant}?` : ''}`);
  }
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new CommandLineError((error as Error).message);
  }
}

const REGISTRIES = ['File', 'Kubernetes'];

function withKubernetes(written: readonly string[] | undefined, kubeconfig: string | undefined): boolean {
  const names = (written ?? []).flatMap((words) => words.split(',')).map((name) => name.trim().toLowerCase());
  const other = names.find((name) => !REGISTRIES.some((known) => known.toLowerCase() === name));
  if (other !== undefined) throw new CommandLineError(`--registries: ${other} is not one of ${REGISTRIES.join(', ')}`);
  if (written === undefined) return kubeconfig !== undefined;
  if (kubeconfig !== undefined && !names.includes('kubernetes')) {
    throw new CommandLineError('--kubeconfig: Kubernetes is not among the --registries');
  }
  return names.includes('kubernetes');
}

/** `:15010` is every address of the machine. */
function address(flag: string, text: string): SocketAddress {
  const found = parseSocketAddress(text.startsWith(':') ? `0.0.0.0${text}` : text);
  if (!found) throw new CommandLineError(`--${flag}: ${JSON.stringify(text)} is not HOST:PORT`);
  return found;
}

function ranges(flag: string, written: readonly string[]): readonly string[] {
  const all = written.flatMap((text) => text.split(',')).map((text) => text.trim());
  try {
    rangesOf(all);
  } catch (error) {
    throw new CommandLineError(`--${flag}: ${(error as Error).message}`);
  }
  return all;
}

function duration(flag: string, text: string): number {
  const found = parseDuration(text);
  if (found === undefined || found <= 0)
    throw new CommandLineError(`--${flag}: ${JSON.stringify(text)} is not a time such as 24h`);
  return found;
}

function oneOf<Word extends string>(flag: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new CommandLineError(`--${flag}: ${JSON.stringify(text)} is not one of ${words.join(', ')}`);
}

function mixer(written: string | undefined, checks: string): MixerSettings | undefined {
  if (checks !== 'mixer' && checks !== 'sidecar')
    throw new CommandLineError(`--mixerChecks: ${JSON.stringify(checks)} is not one of mixer, sidecar`);
  if (written === undefined) return undefined;
  return { address: address('mixerAddr', written), checks, reports: true, failOpen: false };
}

function v1Release(text: string): Release {
  const found = RELEASES.find((known) => known === text);
  if (!found) throw new CommandLineError(`--v1Release: ${JSON.stringify(text)} is not one of ${RELEASES.join(', ')}`);
  return found;
}

/** Istio writes `default:info` and lists of scopes; the first level holds for all. */
function logLevel(text: string): LogLevel {
  const level = text.split(',')[0]!.split(':').at(-1)!;
  const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'none'];
  const found = levels.find((known) => known === level);
  if (!found)
    throw new CommandLineError(`--log_output_level: ${JSON.stringify(text)} is not one of ${levels.join(', ')}`);
  return found;
}
