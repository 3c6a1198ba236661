// Host names of services: short names to full ones, and what a wildcard covers.

/** A fully qualified host name (`reviews.default.svc.cluster.local`), an external one, or a wildcard (`*.example.com`). */
export type Host = string;

/** The full name of a Kubernetes service: `name.namespace.svc.domain`. */
export function serviceHost(name: string, namespace: string, domain: string): Host {
  return `${name}.${namespace}.svc.${domain}`;
}

/**
 * Resolves a host as written in a rule: a name without dots belongs to the rule's namespace, others are full.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService
 */
export function resolveHost(written: string, namespace: string, domain: string): Host {
  if (written.includes('.') || written === '*' || written.startsWith('*')) return written.toLowerCase();
  return serviceHost(written, namespace, domain);
}

/** True when `pattern` (exact, `*.suffix` or `*`) covers `host`. */
export function hostCovers(pattern: Host, host: Host): boolean {
  if (pattern === '*') return true;
  if (pattern.startsWith('*')) return host.length >= pattern.length && host.endsWith(pattern.slice(1));
  return pattern === host;
}
