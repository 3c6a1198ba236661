// What has no effect is said where it was written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rule, viewOf } from './test-world.ts';
import { unservedProblems } from './unserved-problems.ts';

test('what has no effect is said at its place', async () => {
  const https = { number: 443, name: 'https', protocol: 'HTTPS' };
  const view = await viewOf(
    rule('Gateway', 'web', {
      servers: [{ port: https, hosts: ['*'], tls: { mode: 'SIMPLE', credentialName: 'web' } }],
    }),
    rule('VirtualService', 'db', {
      hosts: ['db'],
      tls: [{ match: [{ sniHosts: ['db'] }], route: [{ destination: { host: 'db' } }] }],
    }),
    rule('VirtualService', 'fine', { hosts: ['a'], http: [{ route: [{ destination: { host: 'a' } }] }] }),
  );
  assert.deepEqual(
    unservedProblems(view).map(({ resource, path, message, source }) => [resource?.name, path, message, source?.line]),
    [
      ['web', 'spec.servers[0]', 'port 443 is not opened: name the certificate by serverCertificate and privateKey', 4],
      [
        'db',
        'spec.tls[0]',
        'routes of TLS are carried out at gateways, and in the mesh only where the network redirects connections',
        9,
      ],
    ],
  );
});

test('parts of access rules that have no effect, or another than was meant, are said', async () => {
  const policy = (name: string, spec: object) => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}}
spec: ${JSON.stringify(spec)}`;
  const view = await viewOf(
    policy('asks', { action: 'CUSTOM', provider: { name: 'x' }, rules: [{}] }),
    policy('attached', { targetRefs: [{ kind: 'Service', name: 'a' }] }),
    policy('claims', { rules: [{ when: [{ key: 'request.auth.claims[a]', values: ['b'] }] }] }),
    policy('fine', { rules: [{ from: [{ source: { namespaces: ['a'] } }] }] }),
    policy('tokens', { rules: [{ from: [{ source: { requestPrincipals: ['*'] } }] }] }),
  );
  assert.deepEqual(
    unservedProblems(view).map(({ resource, path, message }) => [resource?.name, path, message]),
    [
      ['asks', 'spec.action', 'providers are not asked: what the rules match is denied'],
      ['attached', 'spec.targetRefs', 'the policy has no effect: workloads are chosen by selector'],
      ['claims', 'spec.rules', 'tokens are not read: no request has claims of one'],
      ['tokens', 'spec.rules', 'tokens are not read: no request has claims of one'],
    ],
  );
});
