// Runs listeners for tests whose chains answer by themselves, so that nothing else is needed.
import type { TestContext } from 'node:test';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { type Clock, seededDice, silentLogger, systemClock } from '@meltemi/base';
import { createLogFiles, StatsStore } from '@meltemi/telemetry';
import { localCounters } from '../workers/shared-counters.ts';
import { xdsRegistry } from '../xds/registry.ts';
import { ListenerManager } from './listener-manager.ts';
import { TapRegistry } from '../tap/tap-registry.ts';

const TYPES = 'type.googleapis.com/envoy.extensions.filters';

export interface ListenersUnderTest {
  readonly manager: ListenerManager;
  /** Adds or updates; returns why each refused one is refused. */
  apply(...listeners: readonly JsonObject[]): readonly string[];
  /** Resolves when all are bound. */
  port(name: string): Promise<number>;
  /** Of a counter or gauge; 0 where there is none. */
  stat(name: string): number;
}

export function listenersUnderTest(context: TestContext, clock: Clock = systemClock()): ListenersUnderTest {
  const stats = new StatsStore();
  const unwatched = () => ({ close() {} });
  const manager = new ListenerManager({
    clusters: { get: () => undefined, names: () => [], has: () => true, snapshot: () => [] },
    stats,
    accessLogs: { files: createLogFiles(clock), hostname: 'test' },
    counters: localCounters,
    clock,
    dice: seededDice(1),
    logger: silentLogger,
    watchRoutes: unwatched,
    awaitClusters: () => undefined,
    watchSecret: unwatched,
    watchExtension: unwatched,
    drainTimeMs: 300,
    taps: new TapRegistry(),
    drainingChains: new Set(),
  });
  context.after(() => manager.close());
  return {
    manager,
    apply(...listeners) {
      const changed = listeners.map((each) => fromJson(ListenerSchema, each, { registry: xdsRegistry }));
      const refused = manager.update(new Map(changed.map((each) => [each.name, each])), []);
      return refused.map(({ message }) => message);
    },
    async port(name) {
      await manager.settled();
      const address = manager.address(name);
      return address && 'port' in address ? address.port : 0;
    },
    stat(name) {
      const found = stats.list().find((each) => each.name.text === name);
      return found && found.kind !== 'histogram' ? found.cell.value : 0;
    },
  };
}

/** A listener on a port of its own at 127.0.0.1. */
export function listener(name: string, fields: JsonObject): JsonObject {
  return { name, address: address('127.0.0.1', 0), stat_prefix: name, ...fields };
}

export function address(host: string, port: number): JsonObject {
  return { socket_address: { address: host, port_value: port } };
}

/** A chain that says a text and ends; `match` and whatever else it has. */
export function saying(text: string, fields: JsonObject = {}): JsonObject {
  return { filters: [filter('network.direct_response.v3.Config', { response: { inline_string: text } })], ...fields };
}

/** `kind`: below `envoy.extensions.filters`. */
export function filter(kind: string, config: JsonObject = {}): JsonObject {
  return { name: kind, typed_config: { '@type': `${TYPES}.${kind}`, ...config } };
}
