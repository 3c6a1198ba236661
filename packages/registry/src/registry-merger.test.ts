import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint } from './endpoint.ts';
import { mergeRegistry, RegistryMerger } from './registry-merger.ts';
import type { Service } from './service.ts';
import type { PlatformView } from './view.ts';

type World = Readonly<Record<string, readonly string[]>>;

function platform(world: World): PlatformView {
  return {
    services: Object.keys(world).map(service),
    endpoints: Object.entries(world).map(([host, addresses]) => ({
      host,
      namespace: 'a',
      port: 80,
      endpoints: addresses.map(endpoint),
    })),
    workloads: [],
    problems: [],
  };
}

function service(host: string): Service {
  const source = { file: 'f.yaml', line: 1, column: 1 };
  const port = { name: 'http', number: 80, targetPort: 80, protocol: 'http' } as const;
  const rest = {
    address: '',
    created: '',
    selector: {},
    resolution: 'registry',
    meshExternal: false,
    serviceAccounts: [],
  } as const;
  return { host, name: host, namespace: 'a', ports: [port], exportTo: ['*'], source, ...rest };
}

function endpoint(host: string): Endpoint {
  const place = { address: { host, port: 80 }, namespace: 'a', serviceAccount: '', workload: '' };
  return { ...place, labels: {}, health: 'healthy', weight: 0, locality: '' };
}

test('a change of endpoints changes no service, and says whose they are', () => {
  const merger = new RegistryMerger();
  const before = merger.merge([platform({ one: ['10.0.0.1'], two: ['10.0.0.2'] })]);
  const after = merger.merge([platform({ one: ['10.0.0.1'], two: ['10.0.0.3'] })]);
  assert.equal(after.services, before.services);
  assert.equal(after.instances('one', 80), before.instances('one', 80));
  assert.deepEqual(after.change, { since: before.number, endpointsOf: new Set(['two']) });
  assert.deepEqual(after.servedAt('10.0.0.2'), []);
  assert.equal(after.servedAt('10.0.0.3')[0]?.service.host, 'two');
});

const world = fc.dictionary(
  fc.constantFrom('one', 'two', 'three'),
  fc.uniqueArray(fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3')),
);

test('a view after any changes says what one from the beginning says', () => {
  fc.assert(
    fc.property(fc.array(world, { minLength: 1, maxLength: 8 }), (worlds) => {
      const merger = new RegistryMerger();
      for (const each of worlds) {
        const [merged, fresh] = [merger.merge([platform(each)]), mergeRegistry([platform(each)])];
        assert.deepEqual(merged.services, fresh.services);
        for (const host of ['one', 'two', 'three']) {
          assert.deepEqual(merged.service(host), fresh.service(host));
          assert.deepEqual(merged.instances(host, 80), fresh.instances(host, 80));
        }
        for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) {
          assert.deepEqual(merged.servedAt(address), fresh.servedAt(address));
        }
      }
    }),
  );
});
