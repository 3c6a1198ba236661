// Makes random AuthorizationPolicies, and calls that meet them.
import type { JsonObject } from '@bufbuild/protobuf';
import type { AccessRequest, HeaderView } from '@meltemi/decide';
import * as fc from 'fast-check';

const some = (...values: readonly string[]) =>
  fc.subarray([...values], { minLength: 1, maxLength: Math.min(2, values.length) });

/** Fields that may be missing, but not all. */
function partOf(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc
    .record(fields, { requiredKeys: [] })
    .filter((part) => Object.values(part).some((value) => value !== undefined));
}

const PRINCIPALS = some('cluster.local/ns/demo/sa/a', 'old.domain/ns/demo/sa/b', '*', '*/sa/a', 'cluster.local/ns/o*');
const NAMESPACES = some('demo', 'o*', '*er', '*');
const BLOCKS = some('10.0.0.0/8', '10.1.0.7', '192.168.1.0/24');
const TRUST = some('cluster.local', '*', 'old*', 'else');
const TOKENS = some('issuer/mary', 'issuer/*', '*', '*/mary');
const source = fc.oneof(
  partOf({
    principals: PRINCIPALS,
    notPrincipals: PRINCIPALS,
    namespaces: NAMESPACES,
    notNamespaces: NAMESPACES,
    ipBlocks: BLOCKS,
    notIpBlocks: BLOCKS,
    remoteIpBlocks: BLOCKS,
    trustDomains: TRUST,
    notTrustDomains: TRUST,
    requestPrincipals: TOKENS,
    notRequestPrincipals: TOKENS,
  }),
  partOf({ serviceAccounts: some('a', 'other/b'), ipBlocks: BLOCKS }),
);

const HOSTS = some('shop.demo', 'SHOP.demo', '*.demo', 'shop*');
const METHODS = some('GET', 'POST', 'PUT');
const PATHS = some('/a', '/a/*', '*.css', '/a/{*}/c', '/{**}/c', '*');
const PORTS = some('8080', '9000', '80');
const operation = partOf({
  hosts: HOSTS,
  notHosts: HOSTS,
  methods: METHODS,
  notMethods: METHODS,
  paths: PATHS,
  notPaths: PATHS,
  ports: PORTS,
  notPorts: PORTS,
});

const condition = fc.oneof(
  ...(
    [
      ['request.headers[x-a]', some('1', '2*', '*')],
      ['source.ip', BLOCKS],
      ['remote.ip', BLOCKS],
      ['source.namespace', NAMESPACES],
      ['source.principal', PRINCIPALS],
      ['source.trustDomain', TRUST],
      ['request.auth.principal', TOKENS],
      ['request.auth.audiences', some('web', 'app')],
      ['request.auth.claims[groups]', some('staff', 's*')],
      ['request.auth.claims[nested][role]', some('admin')],
      ['destination.port', PORTS],
      ['connection.sni', some('outbound_.80_._.shop.demo', '*.demo')],
    ] as const
  ).map(([key, values]) =>
    fc.oneof(
      values.map((list) => ({ key, values: list })),
      values.map((list) => ({ key, notValues: list })),
    ),
  ),
);

const few = <Part>(part: fc.Arbitrary<Part>) => fc.array(part, { minLength: 1, maxLength: 2 });
const rule = fc.record(
  {
    from: few(source.map((each) => ({ source: each }))),
    to: few(operation.map((each) => ({ operation: each }))),
    when: few(condition),
  },
  { requiredKeys: [] },
);
/** Only ALLOW says something without rules; AUDIT can't be tried. */
const policy = fc
  .record({
    action: fc.constantFrom('ALLOW', 'ALLOW', 'DENY', 'AUDIT'),
    rules: fc.array(rule, { maxLength: 3 }),
    dryRun: fc.nat(7).map((number) => number === 0),
  })
  .map(({ action, rules, dryRun }) => ({
    action: rules.length === 0 ? 'ALLOW' : action,
    rules,
    dryRun: dryRun && action !== 'AUDIT',
  }));

/** Up to three for each of the applications; the same for the same seed. */
export function randomAuthorization(seed: number, apps: readonly string[]): readonly object[] {
  const lists = fc.sample(fc.array(policy, { minLength: 1, maxLength: 3 }), { numRuns: apps.length, seed });
  return lists.flatMap((list, index) =>
    list.map(({ action, rules, dryRun }, number) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: {
        namespace: 'demo',
        name: `${apps[index]}-${number}`,
        annotations: dryRun ? { 'istio.io/dry-run': 'true' } : {},
      },
      spec: { selector: { matchLabels: { app: apps[index] } }, action, rules },
    })),
  );
}

const PEERS = [
  undefined,
  'spiffe://cluster.local/ns/demo/sa/a',
  'spiffe://old.domain/ns/demo/sa/b',
  'spiffe://cluster.local/ns/other/sa/b',
  'spiffe://cluster.local/ns/demoX/sa/aX',
  'spiffe://else/ns/demo/sa/a',
];
const ADDRESSES = ['10.1.0.7', '10.1.0.8', '192.168.1.1', '8.8.8.8'];
const CLAIMS: readonly (JsonObject | undefined)[] = [
  undefined,
  { iss: 'issuer', sub: 'mary', aud: ['web'], groups: ['guest', 'staff'] },
  { iss: 'issuer', sub: 'bob', aud: 'app', groups: 'staff', nested: { role: 'admin' } },
  { iss: 'other', sub: 'mary', nested: { role: ['user', 'admin'] } },
];

const call = fc
  .record({
    peer: fc.constantFrom(...PEERS),
    address: fc.constantFrom(...ADDRESSES),
    remoteAddress: fc.constantFrom(...ADDRESSES),
    claims: fc.constantFrom(...CLAIMS),
    authority: fc.constantFrom('shop.demo', 'shop.demo:80', 'other.demo', 'shop', 'elsewhere'),
    method: fc.constantFrom('GET', 'POST', 'DELETE'),
    path: fc.constantFrom('/a', '/a?b=c', '/a/b', '/a/b/c', '/a/b/b/c', '/x/site.css', '/'),
    header: fc.constantFrom(undefined, '1', '22', '3'),
  })
  .map(({ peer, address, remoteAddress, claims, authority, method, path, header }): AccessRequest => {
    const metadata = claims && { 'envoy.filters.http.jwt_authn': { payload: claims } };
    return {
      connection: {
        local: { host: '10.244.0.1', port: 8080 },
        remote: { host: address, port: 1024 },
        serverName: peer && 'outbound_.80_._.shop.demo',
        peer: peer === undefined ? undefined : { uris: [peer], dns: [], subject: '' },
      },
      request: {
        authority,
        method,
        path,
        scheme: 'http',
        remoteAddress,
        headers: oneHeader('x-a', header),
        ...(metadata && { metadata }),
      },
      ...(metadata && { metadata }),
    };
  });

function oneHeader(known: string, value: string | undefined): HeaderView {
  const getAll = (name: string) => (name === known && value !== undefined ? [value] : []);
  return { getAll, get: (name) => getAll(name)[0], has: (name) => getAll(name).length > 0 };
}

/** Requests on port 8080; the same for the same seed. */
export function randomCalls(seed: number, count: number): readonly AccessRequest[] {
  return fc.sample(call, { numRuns: count, seed });
}

/** The same caller, on a port of bytes. */
export function asConnection({ connection }: AccessRequest, port: number): AccessRequest {
  return { connection: { ...connection, local: { ...connection.local, port } }, request: undefined };
}
