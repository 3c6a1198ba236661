// Holds DNS discovery to when it asks again: after answers, after their own time, after failures.
import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Cluster_DiscoveryType as DiscoveryType, ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { packAny } from '@meltemi/api';
import { DnsClusterSchema } from '@meltemi/api/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import { ManualClock, msToDuration } from '@meltemi/base';
import { staticCluster, testClusters, type TestOptions } from '../test-clusters.ts';

const opened: { close(): void }[] = [];
after(() => {
  for (const each of opened) each.close();
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Counts how often the name was asked for. */
function dnsCluster(extra: MessageInitShape<typeof ClusterSchema>, options: TestOptions & { fails?: boolean }) {
  const clock = new ManualClock(1);
  let asked = 0;
  const resolve = () => {
    asked++;
    return options.fails ? Promise.reject(new Error('no such name')) : Promise.resolve(['10.0.0.1']);
  };
  const { manager } = testClusters({ ...options, clock, resolve });
  opened.push(manager);
  const { loadAssignment } = staticCluster('a', [{ port: 80, host: 'name.test' }]);
  const message = create(ClusterSchema, {
    name: 'a',
    loadAssignment: loadAssignment!,
    clusterDiscoveryType: { case: 'type', value: DiscoveryType.STRICT_DNS },
    dnsRefreshRate: msToDuration(1000),
    ...extra,
  } as MessageInitShape<typeof ClusterSchema>);
  assert.deepEqual(manager.update(new Map([['a', message]]), [], '1'), []);
  const askedAfter = async (ms: number) => {
    await settled();
    clock.advance(ms);
    await settled();
    return asked;
  };
  return { askedAfter };
}

it('asks again after the refresh rate', async () => {
  const { askedAfter } = dnsCluster({}, {});
  assert.deepEqual([await askedAfter(999), await askedAfter(1), await askedAfter(1000)], [1, 2, 3]);
});

it('asks again when the answer has had its time, where that is asked for', async () => {
  const { askedAfter } = dnsCluster({ respectDnsTtl: true }, { askTtl: () => Promise.resolve(7000) });
  assert.deepEqual([await askedAfter(6999), await askedAfter(1)], [1, 2]);
});

it('waits longer after each failure, up to a limit', async () => {
  const { askedAfter } = dnsCluster(
    { dnsFailureRefreshRate: { baseInterval: msToDuration(100), maxInterval: msToDuration(300) } },
    // As long as may be.
    { fails: true, dice: { roll: () => 1 - 2 ** -32 } },
  );
  assert.deepEqual(
    [await askedAfter(100), await askedAfter(199), await askedAfter(1), await askedAfter(299), await askedAfter(1)],
    [2, 2, 3, 3, 4],
  );
  assert.equal(await askedAfter(300), 5);
});

it('does the same by a DnsCluster, which may add to the times', async () => {
  const typed = (config: MessageInitShape<typeof DnsClusterSchema>) => ({
    clusterDiscoveryType: {
      case: 'clusterType' as const,
      value: {
        name: 'envoy.clusters.dns',
        typedConfig: packAny(DnsClusterSchema, create(DnsClusterSchema, config)),
      },
    },
  });
  const half = { roll: () => 0.5 };
  const plain = dnsCluster(typed({ dnsRefreshRate: msToDuration(2000), dnsJitter: msToDuration(1000) }), {
    dice: half,
  });
  assert.deepEqual([await plain.askedAfter(2499), await plain.askedAfter(1)], [1, 2]);
  const patient = dnsCluster(typed({ respectDnsTtl: true, dnsMinRefreshRate: msToDuration(3000) }), {
    askTtl: () => Promise.resolve(100),
  });
  assert.deepEqual([await patient.askedAfter(2999), await patient.askedAfter(1)], [1, 2]);
});
