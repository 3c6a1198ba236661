// MeshConfig's caCertificates → whose certificates proxies take beside the mesh's own.
import { X509Certificate } from 'node:crypto';
import type { CertificateData, MeshConfig } from '@meltemi/config';

/** Roots for some trust domains: PEM, or where a SPIFFE bundle is served. */
export interface FederatedRoots {
  /** Empty: the mesh's own, by all of its names. */
  readonly trustDomains: readonly string[];
  readonly roots: string | undefined;
  readonly url: string;
}

export interface FederatedRootsProblem {
  readonly path: string;
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;

/** What is wrong is left out, and said by its place. */
export function federatedRoots({ caCertificates = [] }: MeshConfig): {
  readonly federated: readonly FederatedRoots[];
  readonly problems: readonly FederatedRootsProblem[];
} {
  const problems = caCertificates.flatMap((data, index) =>
    problemsOf(data).map((problem) => ({ ...problem, path: `caCertificates[${index}]${problem.path}` })),
  );
  const good = caCertificates.filter((data) => problemsOf(data).every(({ severity }) => severity === 'warning'));
  const federated = good.map(({ pem, spiffeBundleUrl: url = '', trustDomains = [] }) => {
    const blocks = pem?.match(CERTIFICATE)?.map((block) => `${block}\n`);
    return { trustDomains, roots: blocks?.join(''), url };
  });
  return { federated, problems };
}

function problemsOf({ pem, spiffeBundleUrl: url, certSigners, trustDomains = [] }: CertificateData) {
  const error = (path: string, message: string) => ({ path, message, severity: 'error' as const });
  const wrong = trustDomains.find((name) => !TRUST_DOMAIN.test(name));
  return [
    ...(pem === undefined && url === undefined ? [error('', 'it has neither pem nor spiffeBundleUrl')] : []),
    ...(pem !== undefined && !areAuthorities(pem) ? [error('.pem', 'it holds no certificates of authorities')] : []),
    ...(url !== undefined && !URL.parse(url)?.protocol.startsWith('https:')
      ? [error('.spiffeBundleUrl', `${JSON.stringify(url)} is no URL of https`)]
      : []),
    ...(wrong === undefined ? [] : [error('.trustDomains', `${JSON.stringify(wrong)} is no name of a trust domain`)]),
    ...(certSigners
      ? [
          {
            path: '.certSigners',
            message: 'it has no effect: certificates are signed here',
            severity: 'warning' as const,
          },
        ]
      : []),
  ];
}

function areAuthorities(pem: string): boolean {
  const blocks = pem.match(CERTIFICATE) ?? [];
  try {
    return blocks.length > 0 && blocks.every((block) => new X509Certificate(block).ca);
  } catch {
    return false;
  }
}
