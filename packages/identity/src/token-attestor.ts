// Attests bound service-account tokens of Kubernetes' form: JWTs, verified by a key set.
import type { Clock } from '@meltemi/base';
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import type { Attestor } from './attestor.ts';
import { IdentityError } from './identity-error.ts';
import { bearerToken, subjectIdentity } from './service-account-token.ts';
import type { Identity } from './spiffe-id.ts';

/** https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens */
export interface TokenAttestorOptions {
  /** JSON of a JWK set. */
  readonly jwks: string;
  readonly issuer: string;
  /** `istio-ca` by default. */
  readonly audience?: string;
  readonly trustDomain: string;
  readonly clock: Clock;
  /** Whether the pod that a token is bound to is still there; without it, every pod is. */
  readonly podExists?: (namespace: string, pod: string) => boolean;
}

/** Asymmetric ones only: a public key must never verify an HMAC. */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA'];

/** A token of another issuer is another attestor's. */
export function tokenAttestor(options: TokenAttestorOptions): Attestor {
  const keys = loadKeys(options.jwks);
  return {
    async attest({ authorization }) {
      const token = bearerToken(authorization);
      if (token === undefined) return undefined;
      const payload = await verifyToken(token, await keys, options);
      return payload && checkedIdentity(payload, options);
    },
  };
}

function loadKeys(jwks: string): Promise<JWTVerifyGetKey> {
  const set = JSON.parse(jwks) as JSONWebKeySet;
  return import('jose').then(({ createLocalJWKSet }) => createLocalJWKSet(set));
}

async function verifyToken(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, audience = 'istio-ca', clock }: TokenAttestorOptions,
): Promise<JWTPayload | undefined> {
  const { decodeJwt, jwtVerify } = await import('jose');
  try {
    if (decodeJwt(token).iss !== issuer) return undefined;
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      currentDate: new Date(clock.now()),
      requiredClaims: ['sub', 'exp'],
    });
    return payload;
  } catch (cause) {
    throw new IdentityError('BAD_PROOF', `token: ${cause instanceof Error ? cause.message : 'unreadable'}`, { cause });
  }
}

function checkedIdentity(payload: JWTPayload, { trustDomain, podExists }: TokenAttestorOptions): Identity {
  const identity = subjectIdentity(payload.sub ?? '', trustDomain);
  const binding = readBinding(payload);
  if (!agrees(identity, binding)) throw new IdentityError('BAD_PROOF', 'token: its subject and its binding disagree');
  if (podExists && !(binding.pod !== undefined && podExists(identity.namespace, binding.pod))) {
    throw new IdentityError('BAD_PROOF', 'token: its pod is not there');
  }
  return identity;
}

/** The `kubernetes.io` claim; names that are absent bind nothing. */
interface Binding {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly pod?: string;
}

function readBinding(payload: JWTPayload): Binding {
  const claim = field(payload, 'kubernetes.io');
  const namespace = field(claim, 'namespace');
  const serviceAccount = field(field(claim, 'serviceaccount'), 'name');
  const pod = field(field(claim, 'pod'), 'name');
  return {
    ...(typeof namespace === 'string' && { namespace }),
    ...(typeof serviceAccount === 'string' && { serviceAccount }),
    ...(typeof pod === 'string' && { pod }),
  };
}

function agrees(identity: Identity, { namespace, serviceAccount }: Binding): boolean {
  return (
    (namespace ?? identity.namespace) === identity.namespace &&
    (serviceAccount ?? identity.serviceAccount) === identity.serviceAccount
  );
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
