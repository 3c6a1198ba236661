// What every attestor of service-account tokens reads: the token of a header, and the identity of its subject.
import { IdentityError } from './identity-error.ts';
import { type Identity, parseSpiffeId } from './spiffe-id.ts';

const MAX_TOKEN_LENGTH = 16 * 1024;
const SUBJECT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** Undefined where nothing is shown that could be a token. */
export function bearerToken(authorization: string | undefined): string | undefined {
  const token = /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1];
  return token !== undefined && token.length <= MAX_TOKEN_LENGTH ? token : undefined;
}

/** `system:serviceaccount:NAMESPACE:NAME`. Throws IdentityError `BAD_PROOF`. */
export function subjectIdentity(subject: string, trustDomain: string): Identity {
  const [, namespace, serviceAccount] = SUBJECT.exec(subject) ?? [];
  const identity = parseSpiffeId(`spiffe://${trustDomain}/ns/${namespace ?? '/'}/sa/${serviceAccount ?? '/'}`);
  if (!identity) throw new IdentityError('BAD_PROOF', 'token: its subject is no service account');
  return identity;
}
