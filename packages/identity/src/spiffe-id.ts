// Turns a workload's identity into a SPIFFE ID and back, strictly.
// https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md §2

/** Who a workload is: Istio's form of a SPIFFE ID has a namespace and a service account. */
export interface Identity {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;
/** §2.2: segments of letters, digits, `.`, `-`, `_`; here also no longer than a Kubernetes name. */
const SEGMENT = /^[a-zA-Z0-9._-]{1,253}$/;
const FORM = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/;

/** `spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/SERVICE_ACCOUNT`. Throws a RangeError when a part can't stand in a SPIFFE ID. */
export function spiffeId(identity: Identity): string {
  if (!isIdentity(identity)) throw new RangeError('a part of the identity cannot stand in a SPIFFE ID');
  return `spiffe://${identity.trustDomain}/ns/${identity.namespace}/sa/${identity.serviceAccount}`;
}

/** Reads Istio's form; undefined for anything else: escapes, dot segments, upper-case trust domains, further segments. */
export function parseSpiffeId(text: string): Identity | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const identity = { trustDomain: match[1]!, namespace: match[2]!, serviceAccount: match[3]! };
  return isIdentity(identity) ? identity : undefined;
}

function isIdentity(identity: Identity): boolean {
  return TRUST_DOMAIN.test(identity.trustDomain) && isSegment(identity.namespace) && isSegment(identity.serviceAccount);
}

function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..';
}
