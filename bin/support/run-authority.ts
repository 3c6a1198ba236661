// Runs an authority: attests callers, signs, says what to trust, and renews its own servers' certificate.
import type { Clock, Logger } from '@meltemi/base';
import type { KubeClient } from '@meltemi/config';
import {
  type Attestor,
  AuthorityMetrics,
  bundleApp,
  type CertificateAuthority,
  certificateAttestor,
  certificateService,
  type FederatedBundles,
  firstAttestor,
  IssuanceLog,
  joinTokenAttestor,
  keepServerCertificate,
  nodeAgentService,
  openCertificateAuthority,
  trustService,
  watchAuthority,
  type WatchAuthorityOptions,
} from '@meltemi/identity';
import { serveGrpc, serveHttps } from '@meltemi/rpc';
import { keepAccountSecrets, type KeptAccountSecrets } from './keep-account-secrets.ts';
import { tokenAttestors } from './token-attestors.ts';

type GrpcServices = Parameters<typeof serveGrpc>[0]['services'];
type Address = Parameters<typeof serveHttps>[1];

export interface AuthorityOptions {
  readonly directory: string;
  readonly trustDomain: string;
  readonly maxTtlMs: number;
  /** When callers name no lifetime; the longest by default. */
  readonly defaultTtlMs?: number;
  /** Of the servers' own certificate. */
  readonly names: readonly string[];
  readonly address: Address;
  /** Where the roots are served as a SPIFFE bundle; undefined: nowhere. */
  readonly bundleAddress: Address | undefined;
  /** A file; empty: none. */
  readonly tokenJwks: string;
  readonly tokenIssuer: string;
  readonly client: KubeClient | undefined;
  /** Undefined: ServiceAccounts get none. */
  readonly secrets: Pick<KeptAccountSecrets, 'meshNamespace' | 'namespace' | 'identity' | 'ttlMs'> | undefined;
  /** Further services of the same port, which know callers by the same proofs. */
  readonly services?: (attestor: Attestor) => GrpcServices;
  readonly federation?: (authority: CertificateAuthority) => FederatedBundles;
  readonly problems?: (authority: CertificateAuthority) => ReturnType<NonNullable<WatchAuthorityOptions['problems']>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RunningAuthority {
  readonly authority: CertificateAuthority;
  readonly port: number;
  readonly bundlePort: number | undefined;
  /** For Prometheus. */
  metrics(): string;
  /** Open calls get so long to end by themselves. */
  close(graceMs: number): Promise<void>;
}

export async function runAuthority(options: AuthorityOptions): Promise<RunningAuthority> {
  const { directory, clock, logger, bundleAddress, problems } = options;
  const authority = await openCertificateAuthority(options);
  const log = new IssuanceLog(directory, clock);
  const metrics = new AuthorityMetrics();
  const bundles = options.federation?.(authority);
  let servers: readonly Pick<Awaited<ReturnType<typeof serveGrpc>>, 'renew'>[] = [];
  const certificate = await keepServerCertificate({
    ...options,
    authority,
    onRenewed: (pair) => servers.forEach((server) => server.renew(pair, authority.roots)),
  });
  const server = await serveGrpc({
    address: options.address,
    tls: { ...certificate.current, clientRoots: authority.roots },
    services: authorityServices({ ...options, authority, log, metrics, bundles }),
  });
  const app = bundleApp(() => authority.roots);
  const bundle = bundleAddress && (await serveHttps(app, bundleAddress, certificate.current));
  servers = [server, ...(bundle ? [bundle] : [])];
  const stopWatch = watchAuthority({ authority, clock, logger, problems: () => problems?.(authority) ?? [] });
  const { client, secrets } = options;
  const stopSecrets = client && secrets && keepAccountSecrets({ ...secrets, client, authority, log, clock, logger });
  return {
    authority,
    port: server.port,
    bundlePort: bundle?.port,
    metrics: () => metrics.text(authority),
    async close(graceMs) {
      stopWatch();
      bundles?.close();
      certificate.close();
      await stopSecrets?.();
      await bundle?.close();
      await server.close(graceMs);
      log.close();
    },
  };
}

interface ServiceParts extends AuthorityOptions {
  readonly authority: CertificateAuthority;
  readonly log: IssuanceLog;
  readonly metrics: AuthorityMetrics;
  readonly bundles: FederatedBundles | undefined;
}

function authorityServices(parts: ServiceParts): GrpcServices {
  const { directory, authority, clock, logger, bundles } = parts;
  const attestor = firstAttestor([
    joinTokenAttestor({ directory, clock }),
    ...tokenAttestors(parts),
    certificateAttestor({ authority, clock }),
  ]);
  const issuance = { ...parts, attestor };
  return [
    ...(parts.services?.(attestor) ?? []),
    certificateService(issuance),
    nodeAgentService(issuance),
    trustService({ authority, attestor, logger, ...(bundles && { bundles }) }),
  ];
}
