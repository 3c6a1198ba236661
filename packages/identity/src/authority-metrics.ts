// Citadel's metrics by Istio's names, as text for Prometheus.
import type { CertificateAuthority } from './certificate-authority.ts';
import { certificatesEnd } from './certificates-end.ts';

const COUNTERS = {
  citadel_server_csr_count: 'The number of CSRs received by Citadel server.',
  citadel_server_success_cert_issuance_count: 'The number of certificates issuances that have succeeded.',
  citadel_server_authentication_failure_count: 'The number of authentication failures.',
  citadel_server_csr_parsing_err_count: 'The number of errors occurred when parsing the CSR.',
  citadel_server_csr_sign_err_count: 'The number of errors occurred when signing the CSR.',
} as const;

export type AuthorityCounter = keyof typeof COUNTERS;

export class AuthorityMetrics {
  readonly #counts = new Map<AuthorityCounter, number>();

  count(name: AuthorityCounter): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Times are seconds since the epoch. */
  text({ roots, signerEnd }: Pick<CertificateAuthority, 'roots' | 'signerEnd'>): string {
    const counters = Object.entries(COUNTERS).map(([name, help]) =>
      family(name, 'counter', help, this.#counts.get(name as AuthorityCounter) ?? 0),
    );
    return [
      ...counters,
      ...gauges('root_cert', 'root certificate', certificatesEnd(roots)),
      ...gauges('cert_chain', 'certificate that signs', signerEnd),
    ].join('');
  }
}

function gauges(name: string, what: string, endMs: number): readonly string[] {
  const help = `The unix timestamp, in seconds, when the ${what} ends.`;
  return [family(`citadel_server_${name}_expiry_timestamp`, 'gauge', help, endMs / 1000)];
}

function family(name: string, kind: 'counter' | 'gauge', help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name} ${value}\n`;
}
