// For tests: AuthorizationPolicies that ask every attribute there is, one for each action.
export const EVERY_ATTRIBUTE: readonly string[] = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'].map(
  (action) => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${action.toLowerCase()}, namespace: istio-system}
spec:
  action: ${action}
  ${action === 'CUSTOM' ? 'provider: {name: outside}' : ''}
  rules:
  - from:
    - source:
        principals: ['*', 'cluster.local/ns/a/sa/b', '*/sa/b', 'cluster.local/*']
        requestPrincipals: ['*', 'issuer/subject']
        notNamespaces: ['a*']
        ipBlocks: [10.0.0.0/8, '::1']
        notRemoteIpBlocks: [10.0.0.1]
    - source: {serviceAccounts: [a, b/c]}
    to:
    - operation: {hosts: ['*.a', b], methods: [GET], paths: ['/a/*', '/a/{*}/b/{**}', '*'], ports: ['9080', '1']}
    when:
    - {key: 'request.headers[x]', values: ['*', 'a*'], notValues: [b]}
    - {key: 'request.auth.claims[a][b]', values: [c, d]}
    - {key: request.auth.audiences, values: [c]}
    - {key: destination.ip, values: [10.0.0.0/8]}
    - {key: connection.sni, values: [a.b]}
    - {key: 'experimental.envoy.filters.a.b[c]', values: ['[d]']}
`,
);
