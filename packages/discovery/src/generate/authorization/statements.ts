// Turns a rule of an AuthorizationPolicy into conjunctions of statements about attributes: what is called, and by whom.
import type { AuthorizationRule } from '../../input/authorization-rules.ts';

/** Of `values` one must hold; of `notValues` none may. */
export interface Statement {
  /** An attribute, `source.principal`. */
  readonly key: string;
  readonly values: readonly string[];
  readonly notValues: readonly string[];
}

/** All of them must hold. */
export type Conjunction = readonly Statement[];

/** One for each `to`, joined with what `when` says of the destination. One of them must hold. */
export function destinationStatements(rule: AuthorizationRule): readonly Conjunction[] {
  const always = conditions(rule, true);
  const operations = (rule.to ?? []).map(({ operation }) => [
    statement('host', operation.hosts, operation.notHosts),
    statement('method', operation.methods, operation.notMethods),
    statement('path', operation.paths, operation.notPaths),
    statement('destination.port', operation.ports, operation.notPorts),
  ]);
  return joined(operations, always);
}

/** One for each `from`, joined with what `when` says of the source and the request. `namespace` is the policy's. */
export function sourceStatements(rule: AuthorizationRule, namespace: string): readonly Conjunction[] {
  const always = conditions(rule, false).map((each) => accountsIn(namespace, each));
  const sources = (rule.from ?? []).map(({ source }) => [
    statement('source.principal', source.principals, source.notPrincipals),
    statement('request.auth.principal', source.requestPrincipals, source.notRequestPrincipals),
    accountsIn(namespace, statement('source.serviceAccount', source.serviceAccounts, source.notServiceAccounts)),
    statement('source.trustDomain', source.trustDomains, source.notTrustDomains),
    statement('source.namespace', source.namespaces, source.notNamespaces),
    statement('remote.ip', source.remoteIpBlocks, source.notRemoteIpBlocks),
    statement('source.ip', source.ipBlocks, source.notIpBlocks),
  ]);
  return joined(sources, always);
}

function joined(entries: readonly Conjunction[], always: Conjunction): readonly Conjunction[] {
  if (entries.length === 0) return [always];
  return entries.map((entry) => [...entry, ...always]);
}

function conditions(rule: AuthorizationRule, ofDestination: boolean): Conjunction {
  return (rule.when ?? [])
    .filter(({ key }) => isOfDestination(key) === ofDestination)
    .map(({ key, values, notValues }) => statement(key, values, notValues));
}

function isOfDestination(key: string): boolean {
  return (
    key === 'destination.ip' ||
    key === 'destination.port' ||
    key === 'connection.sni' ||
    key.startsWith('experimental.envoy.filters.')
  );
}

function statement(
  key: string,
  values: readonly string[] | undefined,
  notValues: readonly string[] | undefined,
): Statement {
  return { key, values: values ?? [], notValues: notValues ?? [] };
}

/** A service account without namespace is of the policy's. */
function accountsIn(namespace: string, each: Statement): Statement {
  if (each.key !== 'source.serviceAccount') return each;
  const full = (account: string) => (account.includes('/') ? account : `${namespace}/${account}`);
  return { ...each, values: each.values.map(full), notValues: each.notValues.map(full) };
}
