// Reads the command line of `istio_ca`: the server alone, and what an operator does to its roots, certificates and tokens.
import { parseArgs } from 'node:util';
import { didYouMean, parseDuration } from '@meltemi/base';
import { type Identity, parseSpiffeId } from './spiffe-id.ts';

export const ROOT_STEPS = ['prepare', 'activate', 'taint', 'revoke', 'status'] as const;
export type RootStep = (typeof ROOT_STEPS)[number];

export interface ServeCommand {
  readonly does: 'serve';
  readonly directory: string;
  readonly trustDomain: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Of metrics; undefined: none are served. */
  readonly monitoringPort: number | undefined;
  /** Where the roots are served as a SPIFFE bundle, over TLS; undefined: nowhere. */
  readonly bundlePort: number | undefined;
  readonly hostnames: readonly string[];
  readonly workloadTtlMs: number;
  readonly maxWorkloadTtlMs: number;
  /** Files; empty: tokens are not taken. */
  readonly tokenJwks: string;
  readonly tokenIssuer: string;
  /** The way to an API server whose ServiceAccounts get secrets; empty: that of the pod, where this runs in one. */
  readonly kubeconfig: string;
  /** Where the authority keeps its lease, and the mesh's own accounts are. */
  readonly meshNamespace: string;
  /** The one whose accounts get secrets; undefined: all. */
  readonly namespace?: string;
}

/** Each works on the directory of a server that runs, or of one that does not. */
export type AuthorityCommand =
  | ServeCommand
  | { readonly does: 'root'; readonly step: RootStep; readonly directory: string; readonly trustDomain: string }
  | { readonly does: 'revoke'; readonly directory: string; readonly serial?: string; readonly identity?: string }
  | { readonly does: 'token'; readonly directory: string; readonly identity: Identity; readonly ttlMs: number };

/** What is wrong with the command line, in one sentence. */
export class AuthorityCommandError extends Error {
  override readonly name = 'AuthorityCommandError';
  readonly code = 'COMMAND_LINE';
}

export const AUTHORITY_USAGE = `Usage: istio_ca [flags]                                      signs certificates for node agents and pilot-agents
       istio_ca root prepare|activate|taint|revoke|status    exchanges the root without failing a connection
       istio_ca revoke --serial HEX | --identity SPIFFE-ID   takes a certificate or an identity back
       istio_ca token --service-account NAME [--namespace N] makes a one-time token for a machine to join with

      --ca-dir DIR                 keys, roots, revocations (default ./etc/istio/ca); with ca-cert.pem, ca-key.pem,
                                   root-cert.pem and cert-chain.pem there, these sign
      --trust-domain NAME          (default cluster.local)
      --grpc-port PORT             (default 8060)
      --grpc-address ADDR          (default 0.0.0.0)
      --monitoring-port PORT       serves metrics (default: nowhere)
      --bundle-port PORT           serves the roots as a SPIFFE bundle over TLS (default: nowhere)
      --grpc-hostname NAMES        names in the server's own certificate (default istio-ca,istio-citadel.istio-system,localhost)
      --workload-cert-ttl TIME     life of certificates when nothing else is asked for (default 1h)
      --max-workload-cert-ttl TIME the longest that may be asked for (default 24h)
      --token-jwks FILE            keys by which workload tokens are verified
      --token-issuer NAME          who issues them
      --kube-config FILE           the way to the API server whose ServiceAccounts get secrets istio.NAME
                                   (default: that of the pod in which this runs, if any)
      --namespace NAME             the one namespace whose accounts get secrets (default: all)
      --istio-ca-storage-namespace NAME
                                   where the mesh itself lives in the cluster (default istio-system)
      --ttl TIME                   life of a join token (default 1h)
`;

const OPTIONS = {
  'ca-dir': { type: 'string' },
  'trust-domain': { type: 'string' },
  'grpc-port': { type: 'string' },
  'grpc-address': { type: 'string' },
  'bundle-port': { type: 'string' },
  'monitoring-port': { type: 'string' },
  'grpc-hostname': { type: 'string' },
  'workload-cert-ttl': { type: 'string' },
  'max-workload-cert-ttl': { type: 'string' },
  'token-jwks': { type: 'string' },
  'token-issuer': { type: 'string' },
  'kube-config': { type: 'string' },
  'istio-ca-storage-namespace': { type: 'string' },
  namespace: { type: 'string' },
  'service-account': { type: 'string' },
  serial: { type: 'string' },
  identity: { type: 'string' },
  ttl: { type: 'string' },
} as const;

type Values = ReturnType<typeof parsed>['values'];

/** `args` without program and script. Throws AuthorityCommandError. */
export function authorityCommand(args: readonly string[]): AuthorityCommand {
  const { values, positionals } = parsed(args);
  const directory = values['ca-dir'] ?? './etc/istio/ca';
  const trustDomain = values['trust-domain'] ?? 'cluster.local';
  const [word, step, ...further] = positionals;
  if (further.length > 0 || (step !== undefined && word !== 'root'))
    throw new AuthorityCommandError(`unexpected ${JSON.stringify(further[0] ?? step)}`);
  if (word === undefined) return serveCommand(values, directory, trustDomain);
  if (word === 'root') return { does: 'root', step: rootStep(step), directory, trustDomain };
  if (word === 'revoke') return { does: 'revoke', directory, ...revoked(values) };
  if (word === 'token') return { does: 'token', directory, ...tokenOf(values, trustDomain) };
  throw unknown('command', word, ['root', 'revoke', 'token']);
}

function serveCommand(values: Values, directory: string, trustDomain: string): ServeCommand {
  return {
    does: 'serve',
    directory,
    trustDomain,
    host: values['grpc-address'] ?? '0.0.0.0',
    port: portOf('grpc-port', values['grpc-port'] ?? '8060'),
    bundlePort: optionalPort('bundle-port', values),
    monitoringPort: optionalPort('monitoring-port', values),
    hostnames: (values['grpc-hostname'] ?? 'istio-ca,istio-citadel.istio-system,localhost').split(',').filter(Boolean),
    workloadTtlMs: duration('workload-cert-ttl', values['workload-cert-ttl'] ?? '1h'),
    maxWorkloadTtlMs: duration('max-workload-cert-ttl', values['max-workload-cert-ttl'] ?? '24h'),
    tokenJwks: values['token-jwks'] ?? '',
    tokenIssuer: values['token-issuer'] ?? '',
    kubeconfig: values['kube-config'] ?? '',
    meshNamespace: values['istio-ca-storage-namespace'] ?? 'istio-system',
    ...(values.namespace && { namespace: values.namespace }),
  };
}

function rootStep(word = ''): RootStep {
  const step = ROOT_STEPS.find((known) => known === word);
  if (!step) throw unknown('step', word, ROOT_STEPS);
  return step;
}

function revoked({ serial, identity }: Values): { readonly serial?: string; readonly identity?: string } {
  if ((serial === undefined) === (identity === undefined))
    throw new AuthorityCommandError('say what to revoke: --serial HEX or --identity SPIFFE-ID');
  return { ...(serial !== undefined && { serial }), ...(identity !== undefined && { identity }) };
}

function tokenOf(values: Values, trustDomain: string) {
  const [namespace, serviceAccount] = [values.namespace ?? 'default', values['service-account'] ?? ''];
  const identity = parseSpiffeId(`spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`);
  if (!identity) throw new AuthorityCommandError('say for whom: --service-account NAME [--namespace NAME]');
  return { identity, ttlMs: duration('ttl', values.ttl ?? '1h') };
}

function optionalPort(flag: 'bundle-port' | 'monitoring-port', values: Values): number | undefined {
  const text = values[flag];
  return text === undefined ? undefined : portOf(flag, text);
}

function portOf(flag: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new AuthorityCommandError(`--${flag}: ${JSON.stringify(text)} is no port`);
}

function duration(flag: string, text: string): number {
  const found = parseDuration(text);
  if (found === undefined || found <= 0)
    throw new AuthorityCommandError(`--${flag}: ${JSON.stringify(text)} is not a time such as 24h`);
  return found;
}

function parsed(args: readonly string[]) {
  const other = args
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).split('=', 1)[0]!)
    .find((name) => name !== '' && !Object.hasOwn(OPTIONS, name));
  if (other !== undefined)
    throw unknown(
      'flag',
      `--${other}`,
      Object.keys(OPTIONS).map((name) => `--${name}`),
    );
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new AuthorityCommandError(cause instanceof Error ? cause.message : 'unreadable', { cause });
  }
}

function unknown(what: string, word: string, known: readonly string[]): AuthorityCommandError {
  const meant = didYouMean(word, known);
  return new AuthorityCommandError(`unknown ${what} ${JSON.stringify(word)}${meant ? `; did you mean ${meant}?` : ''}`);
}
