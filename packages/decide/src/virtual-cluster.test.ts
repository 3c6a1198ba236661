// Holds virtual clusters to Envoy's rules: the first whose headers all match names the request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type VirtualCluster, VirtualClusterSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { get } from './fixture.ts';
import { compileVirtualClusters } from './virtual-cluster.ts';

const path = (prefix: string) =>
  ({
    name: ':path',
    headerMatchSpecifier: {
      case: 'stringMatch',
      value: { matchPattern: { case: 'prefix', value: prefix } },
    },
  }) as const;
const method = (exact: string) =>
  ({
    name: ':method',
    headerMatchSpecifier: { case: 'stringMatch', value: { matchPattern: { case: 'exact', value: exact } } },
  }) as const;

function clusters(...list: readonly MessageInitShape<typeof VirtualClusterSchema>[]): VirtualCluster[] {
  return list.map((each) => create(VirtualClusterSchema, each));
}

test('the first virtual cluster whose headers all match names the request', () => {
  const name = compileVirtualClusters(
    clusters(
      { name: 'posted', headers: [path('/a'), method('POST')] },
      { name: 'a', headers: [path('/a')] },
      { name: 'late', headers: [path('/a/b')] },
    ),
  )!;
  assert.deepEqual(
    [name({ ...get('/a/b'), method: 'POST' }), name(get('/a/b?c')), name(get('/c'))],
    ['posted', 'a', undefined],
  );
});

test('a virtual cluster without headers is refused, and none at all asks nothing', () => {
  assert.throws(() => compileVirtualClusters(clusters({ name: 'all' })), {
    code: 'BAD_MATCH',
    message: 'virtual cluster all has no headers',
  });
  assert.equal(compileVirtualClusters([]), undefined);
});
