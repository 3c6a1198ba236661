import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { durationToMs, ManualClock } from '@meltemi/base';
import { decodeResource, type XdsMessage } from './decode-resource.ts';
import { packedCluster } from './scripted-server.ts';
import { TypeState } from './type-state.ts';
import type { Rejection, WildcardSink } from './xds-client.ts';

/** Every name with its timeout; timeouts that 3 divides are refused. */
type World = ReadonlyMap<string, number>;

const refuses = (timeoutMs: number) => timeoutMs % 3 === 0;

/** Applies what it is told to a map, as a cluster manager would. */
class MapSink implements WildcardSink<XdsMessage> {
  readonly serving = new Map<string, number>();

  update(changed: ReadonlyMap<string, XdsMessage>, removed: readonly string[]): readonly Rejection[] {
    const refused: Rejection[] = [];
    for (const name of removed) this.serving.delete(name);
    for (const [name, message] of changed) {
      const timeoutMs = durationToMs((message as Cluster).connectTimeout!);
      if (refuses(timeoutMs)) refused.push({ name, message: 'refused' });
      else this.serving.set(name, timeoutMs);
    }
    return refused;
  }
}

const world = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 9 })), {
    selector: ([name]) => name,
  })
  .map((entries): World => new Map(entries));

test('whatever comes in whatever order, what serves is the last good of each name that is still there', () => {
  fc.assert(
    fc.property(fc.array(world), (worlds) => {
      const state = new TypeState('CDS', new ManualClock());
      const sink = new MapSink();
      state.attach(sink);
      let expected = new Map<string, number>();
      for (const [index, next] of worlds.entries()) {
        const received = [...next].map(([name, ms]) => decodeResource('CDS', packedCluster(name, ms), `${index}`));
        const refused = state.apply(received, state.missingFrom(new Set(next.keys())), `${index}`);
        expected = lastGood(expected, next);
        assert.deepEqual(new Set(refused.map(({ name }) => name)), new Set(refusedNames(next)));
        assert.deepEqual(sink.serving, expected);
        assert.deepEqual(new Set(Object.keys(state.acceptedVersions())), new Set(expected.keys()));
      }
    }),
  );
});

function lastGood(before: World, next: World): Map<string, number> {
  const serving = [...next].map(([name, ms]) => [name, refuses(ms) ? before.get(name) : ms] as const);
  return new Map(serving.flatMap(([name, ms]) => (ms === undefined ? [] : [[name, ms] as const])));
}

function refusedNames(next: World): readonly string[] {
  return [...next].flatMap(([name, ms]) => (refuses(ms) ? [name] : []));
}
