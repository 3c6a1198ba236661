// Attestors of workload tokens: by keys of a file, and by asking the cluster.
import { readFileSync } from 'node:fs';
import type { Clock } from '@meltemi/base';
import type { KubeClient } from '@meltemi/config';
import { type Attestor, type ReviewToken, tokenAttestor, tokenReviewAttestor } from '@meltemi/identity';

export interface TokenAttestorsOptions {
  /** A file; empty: none. */
  readonly tokenJwks: string;
  readonly tokenIssuer: string;
  readonly trustDomain: string;
  readonly client: KubeClient | undefined;
  readonly clock: Clock;
}

export function tokenAttestors(options: TokenAttestorsOptions): readonly Attestor[] {
  const { tokenJwks, tokenIssuer: issuer, trustDomain, client, clock } = options;
  const review: ReviewToken = (body) =>
    client!.request({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body });
  const reviewed = client ? [tokenReviewAttestor({ review, trustDomain })] : [];
  if (tokenJwks === '') return reviewed;
  return [tokenAttestor({ jwks: readFileSync(tokenJwks, 'utf8'), issuer, trustDomain, clock }), ...reviewed];
}
