// How proxies and the rate limit service name the limits of RateLimitPolicies to each other.

/** Of the descriptors that RateLimitPolicies make. */
export const LIMIT_DOMAIN = 'meltemi';
/** First entry of a descriptor: which limit. */
export const LIMIT_KEY = 'limit';
/** Entry of a limit that is for some requests alone. */
export const MATCH_KEY = 'match';
export const MATCHED = 'true';

export function limitId(namespace: string, policy: string, limit: string): string {
  return `${namespace}/${policy}/${limit}`;
}

/** Entry of the value that a limit counts by: its place in the policy's list. */
export function byKey(index: number): string {
  return `by-${index}`;
}
