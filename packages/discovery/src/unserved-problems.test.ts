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
      ['db', 'spec.tls[0]', 'in the mesh routes of TLS are not carried out, at gateways they are', 9],
    ],
  );
});
