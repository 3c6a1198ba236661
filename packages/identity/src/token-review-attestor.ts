// Attests service-account tokens by asking the cluster that issued them, which knows whether their pod is still there.
// https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
import type { Attestor } from './attestor.ts';
import { IdentityError } from './identity-error.ts';
import { bearerToken, subjectIdentity } from './service-account-token.ts';

/** Asks the API server: an object of `authentication.k8s.io/v1 TokenReview`, answered with its `status`. */
export type ReviewToken = (review: TokenReview) => Promise<unknown>;

export interface TokenReview {
  readonly apiVersion: 'authentication.k8s.io/v1';
  readonly kind: 'TokenReview';
  readonly spec: { readonly token: string; readonly audiences: readonly string[] };
}

export interface TokenReviewOptions {
  readonly review: ReviewToken;
  /** `istio-ca` by default. */
  readonly audience?: string;
  readonly trustDomain: string;
}

/** Each proof is asked anew: an answer that is kept would outlive the pod. What can't be asked is refused. */
export function tokenReviewAttestor({ review, audience = 'istio-ca', trustDomain }: TokenReviewOptions): Attestor {
  return {
    async attest({ authorization }) {
      const token = bearerToken(authorization);
      if (token === undefined) return undefined;
      const status = await ask(review, token, audience);
      if (status['authenticated'] !== true) throw new IdentityError('BAD_PROOF', 'token: the cluster refuses it');
      const audiences = status['audiences'];
      if (!Array.isArray(audiences) || !audiences.includes(audience)) {
        throw new IdentityError('BAD_PROOF', `token: it is not for ${audience}`);
      }
      return subjectIdentity(String(fields(status['user'])['username']), trustDomain);
    },
  };
}

async function ask(review: ReviewToken, token: string, audience: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const spec = { token, audiences: [audience] };
    const answer = await review({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec });
    return fields(fields(answer)['status']);
  } catch (cause) {
    throw new IdentityError('BAD_PROOF', 'token: the cluster could not be asked', { cause });
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
