// Makes principals that are named under one of the mesh's trust domains good for all of them.
// https://istio.io/latest/docs/tasks/security/authorization/authz-td-migration/

/** In policies it stands for the mesh's own, whatever that is called. */
const OWN = 'cluster.local';

/** `trustDomains`: the mesh's own, then its other names; none: principals stay as they are. */
export function underAllTrustDomains(
  principals: readonly string[],
  trustDomains: readonly string[],
): readonly string[] {
  return principals.flatMap((principal) => variants(principal, trustDomains));
}

/** `trustDomains`: as above. A name of the mesh's is good for all of its names. */
export function withTrustDomainAliases(names: readonly string[], trustDomains: readonly string[]): readonly string[] {
  return [...new Set(names.flatMap((name) => (trustDomains.includes(name) ? trustDomains : [name])))];
}

function variants(principal: string, trustDomains: readonly string[]): readonly string[] {
  const parts = principal.split('/');
  const [written, ns, , sa] = parts;
  const isFull = parts.length === 5 && ns === 'ns' && sa === 'sa';
  if (!isFull || written === '*' || !isOurs(written!, trustDomains)) return [principal];
  const rest = principal.slice(written!.length);
  return [...new Set(trustDomains.map((domain) => (endsAs(domain, written!) ? principal : domain + rest)))];
}

function isOurs(written: string, trustDomains: readonly string[]): boolean {
  if (trustDomains.length === 0) return false;
  return written === OWN || trustDomains.some((domain) => domain === written || endsAs(domain, written));
}

/** `foobar` ends as `*bar` asks. */
function endsAs(domain: string, written: string): boolean {
  return written.startsWith('*') && domain.endsWith(written.slice(1));
}
