// Turns the domains of virtual hosts into a table that finds the most specific one for a host.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-virtualhost
import { DecideError } from './decide-error.ts';
import { lowerAscii } from './string-match.ts';

/** A domain as written and what it leads to. */
export interface HostMatch<Target> {
  readonly domain: string;
  readonly target: Target;
}

/** Looked up in this order: exact, suffix wildcards, prefix wildcards (the longest first), the default. */
export interface HostTable<Target> {
  readonly exact: ReadonlyMap<string, HostMatch<Target>>;
  readonly suffixes: readonly Wildcards<Target>[];
  readonly prefixes: readonly Wildcards<Target>[];
  readonly otherwise: HostMatch<Target> | undefined;
}

/** Wildcards of one length, by their fixed part. */
interface Wildcards<Target> {
  readonly length: number;
  readonly byText: ReadonlyMap<string, HostMatch<Target>>;
}

/** Throws DecideError BAD_DOMAIN when a domain comes twice. */
export function compileHostTable<Target>(domains: Iterable<readonly [string, Target]>): HostTable<Target> {
  const exact = new Map<string, HostMatch<Target>>();
  const suffixes = new Map<string, HostMatch<Target>>();
  const prefixes = new Map<string, HostMatch<Target>>();
  const otherwise = new Map<string, HostMatch<Target>>();
  for (const [domain, target] of domains) {
    const wanted = lowerAscii(domain);
    if (wanted === '*') insert(otherwise, wanted, domain, target);
    else if (wanted.startsWith('*')) insert(suffixes, wanted.slice(1), domain, target);
    else if (wanted.endsWith('*')) insert(prefixes, wanted.slice(0, -1), domain, target);
    else insert(exact, wanted, domain, target);
  }
  return { exact, suffixes: byLength(suffixes), prefixes: byLength(prefixes), otherwise: otherwise.get('*') };
}

/** What the host leads to, undefined for nothing. With `ignorePort`, a port of the host does not count. */
export function findHost<Target>(
  table: HostTable<Target>,
  authority: string,
  ignorePort: boolean,
): HostMatch<Target> | undefined {
  if (table.exact.size === 0 && table.suffixes.length === 0 && table.prefixes.length === 0) return table.otherwise;
  const written = ignorePort ? withoutPort(authority) : authority;
  // Nearly all hosts come in lower case and are named in full.
  const exact = table.exact.get(written);
  if (exact) return exact;
  const host = lowerAscii(written);
  return (
    table.exact.get(host) ??
    findWildcard(table.suffixes, host, (length) => host.slice(host.length - length)) ??
    findWildcard(table.prefixes, host, (length) => host.slice(0, length)) ??
    table.otherwise
  );
}

/** `host:port` without the port; an IPv6 address keeps its brackets. */
export function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':');
  return colon < 0 || authority.lastIndexOf(']') > colon ? authority : authority.slice(0, colon);
}

function insert<Target>(into: Map<string, HostMatch<Target>>, key: string, domain: string, target: Target): void {
  if (domain === '') throw new DecideError('BAD_DOMAIN', 'a domain is empty');
  if (into.has(key)) throw new DecideError('BAD_DOMAIN', `domain "${domain}" comes twice`);
  into.set(key, { domain, target });
}

function byLength<Target>(wildcards: ReadonlyMap<string, HostMatch<Target>>): readonly Wildcards<Target>[] {
  const groups = Map.groupBy(wildcards, ([text]) => text.length);
  return [...groups].sort(([a], [b]) => b - a).map(([length, entries]) => ({ length, byText: new Map(entries) }));
}

// A wildcard stands for at least one character: `*.a` does not cover `.a`.
function findWildcard<Target>(
  wildcards: readonly Wildcards<Target>[],
  host: string,
  part: (length: number) => string,
): HostMatch<Target> | undefined {
  for (const { length, byText } of wildcards) {
    const match = length < host.length ? byText.get(part(length)) : undefined;
    if (match) return match;
  }
  return undefined;
}
