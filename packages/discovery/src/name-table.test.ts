// The name table of an agent's DNS has every host that its namespace sees, with its addresses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, redirectedNode, resourcesOf, rule, service, shown } from './test-world.ts';

test('hosts have their own addresses, else those of their endpoints', async () => {
  const withAddress = service('reviews').replace('spec:', 'spec:\n  clusterIP: 10.96.0.1');
  const headless = service('ratings').replace('spec:', 'spec:\n  clusterIP: None');
  const entry = (name: string, spec: object) =>
    rule('ServiceEntry', name, { ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], ...spec });
  const { NDS } = await resourcesOf(
    redirectedNode('reviews-v1'),
    withAddress,
    headless,
    pod('ratings', 'v1').replace('podIP: 127.0.0.1', 'podIP: 10.0.0.9'),
    entry('out', { hosts: ['out.example'], addresses: ['192.0.2.1'], resolution: 'STATIC' }),
    entry('hidden', { hosts: ['hidden.example'], addresses: ['192.0.2.2'], resolution: 'STATIC', exportTo: ['other'] }),
  );
  assert.deepEqual(shown(NDS, '')['table'], {
    'out.example': { ips: ['192.0.2.1'], registry: 'External' },
    'ratings.default.svc.cluster.local': {
      ips: ['10.0.0.9'],
      registry: 'Kubernetes',
      shortname: 'ratings',
      namespace: 'default',
    },
    'reviews.default.svc.cluster.local': {
      ips: ['10.96.0.1'],
      registry: 'Kubernetes',
      shortname: 'reviews',
      namespace: 'default',
    },
  });
});
