import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { OverloadManagerSchema } from '@meltemi/api/envoy/config/overload/v3/overload_pb';
import { ManualClock, silentLogger } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { xdsRegistry } from '../xds/registry.ts';
import { OverloadManager } from './overload-manager.ts';
import { OverloadConfigError, overloadSettings } from './overload-settings.ts';
import { OverloadState } from './overload-state.ts';

const HEAP = {
  name: 'envoy.resource_monitors.fixed_heap',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig',
    max_heap_size_bytes: '1000',
  },
};
const CONNECTIONS = {
  name: 'envoy.resource_monitors.global_downstream_max_connections',
  typed_config: {
    '@type':
      'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
    max_active_downstream_connections: '2',
  },
};
const action = (name: string, trigger: object) => ({
  name: `envoy.overload_actions.${name}`,
  triggers: [{ name: HEAP.name, ...trigger }],
});

type Json = Parameters<typeof fromJson>[1];

function settings(config: object) {
  return overloadSettings(fromJson(OverloadManagerSchema, config as Json, { registry: xdsRegistry }))!;
}

function start(config: object) {
  const clock = new ManualClock();
  const stats = new StatsStore();
  const open = { connections: 0 };
  const state = new OverloadState(() => open.connections);
  const heap = { bytes: 0 };
  const manager = new OverloadManager(settings(config), state, {
    clock,
    logger: silentLogger,
    stats,
    heapBytes: () => heap.bytes,
  });
  const set = (bytes: number) => {
    heap.bytes = bytes;
    clock.advance(250);
  };
  return { state, stats, set, open, manager };
}

test('memory pressure first ends connections, then refuses requests, then connections, and back', () => {
  const { state, stats, set } = start({
    refresh_interval: '0.25s',
    resource_monitors: [HEAP],
    actions: [
      action('disable_http_keepalive', { threshold: { value: 0.9 } }),
      action('stop_accepting_requests', { threshold: { value: 0.95 } }),
      action('stop_accepting_connections', { threshold: { value: 0.98 } }),
      action('reduce_timeouts', { scaled: { scaling_threshold: 0.8, saturation_threshold: 0.9 } }),
    ],
  });
  const seen = [100, 850, 920, 960, 990, 500].map((bytes) => {
    set(bytes);
    return [
      state.endsConnections,
      state.rejectsRequests,
      state.rejectsConnections,
      Math.round(state.timeoutScale * 10),
    ];
  });
  assert.deepEqual(seen, [
    [false, false, false, 10],
    [false, false, false, 5],
    [true, false, false, 0],
    [true, true, false, 0],
    [true, true, true, 0],
    [false, false, false, 10],
  ]);
  const scope = stats.scope('overload');
  assert.equal(scope.scope(HEAP.name).gauge('pressure').value, 50);
  assert.equal(scope.scope('envoy.overload_actions.stop_accepting_requests').gauge('active').value, 0);
});

test('connections above the limit are told', () => {
  const { state, open } = start({ resource_monitors: [CONNECTIONS] });
  const seen = [0, 1, 2, 3].map((connections) => {
    open.connections = connections;
    return state.atConnectionLimit;
  });
  assert.deepEqual(seen, [false, false, true, true]);
});

test('an action is never between its ends outside of its thresholds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), (bytes) => {
      const { state, set } = start({
        refresh_interval: '0.25s',
        resource_monitors: [HEAP],
        actions: [action('reduce_timeouts', { scaled: { scaling_threshold: 0.5, saturation_threshold: 1 } })],
      });
      set(bytes);
      const wanted = bytes <= 500 ? 1 : bytes >= 1000 ? 0 : 1 - (bytes - 500) / 500;
      assert.ok(Math.abs(state.timeoutScale - wanted) < 1e-9);
    }),
  );
});

const REFUSED: readonly (readonly [object, RegExp])[] = [
  [{ resource_monitors: [] }, /resource_monitors is empty/],
  [{ resource_monitors: [HEAP, HEAP] }, /fixed_heap stands twice/],
  [{ resource_monitors: [HEAP], actions: [{ name: 'what' }] }, /overload action what is not supported/],
  [
    { resource_monitors: [CONNECTIONS], actions: [action('shrink_heap', { threshold: { value: 1 } })] },
    /names the unknown monitor/,
  ],
  [
    {
      resource_monitors: [HEAP],
      actions: [action('shrink_heap', { scaled: { scaling_threshold: 0.9, saturation_threshold: 0.9 } })],
    },
    /must be less than saturation_threshold/,
  ],
];
for (const [config, message] of REFUSED) {
  test(`refused: ${String(message)}`, () => {
    assert.throws(
      () => settings(config),
      (error) => error instanceof OverloadConfigError && message.test(error.message),
    );
  });
}
