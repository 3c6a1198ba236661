import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { type ConfigSource, ConfigSourceSchema } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { silentLogger } from '@meltemi/base';
import fc from 'fast-check';
import type { XdsClients } from '../xds/xds-clients.ts';
import type { ResourceWatcher, WildcardSink, XdsClient } from '../xds/xds-client.ts';
import { relayedXds } from './config-relay.ts';
import { FollowedXds } from './followed-xds.ts';
import type { ConfigMessage } from './messages.ts';
import type { Resource } from './resource-bytes.ts';

const ADS = create(ConfigSourceSchema, { configSourceSpecifier: { case: 'ads', value: {} } });

/** A source that says what the test tells it to, to whoever asked. */
class Scripted implements XdsClient {
  readonly connected = true;
  sink: WildcardSink<Resource> | undefined;
  readonly watchers = new Map<string, Set<ResourceWatcher<Resource>>>();

  watchAll(_type: string, sink: WildcardSink<Resource>): { close(): void } {
    this.sink = sink;
    return { close: () => (this.sink = undefined) };
  }

  watch(_type: string, name: string, watcher: ResourceWatcher<Resource>): { close(): void } {
    const watchers = this.watchers.get(name) ?? new Set();
    this.watchers.set(name, watchers.add(watcher));
    return { close: () => void watchers.delete(watcher) };
  }

  say(name: string, resource: Resource | undefined): void {
    for (const watcher of this.watchers.get(name) ?? []) {
      if (resource) watcher.onResource(resource, 'v');
      else watcher.onMissing?.();
    }
  }

  state(): [] {
    return [];
  }

  close(): void {}
}

/** The first worker's sources over `script`, and another worker's that follows them as over a port. */
function pair(script: Scripted) {
  const sources: XdsClients = { forConfigSource: () => script, all: () => [script], close: () => {} };
  const messages: ConfigMessage[] = [];
  const first = relayedXds(sources, (message) => messages.push(structuredClone(message)));
  const other = new FollowedXds(silentLogger);
  const deliver = () => {
    for (const message of messages.splice(0)) other.receive(message);
  };
  return { first, other, deliver };
}

const names = ['a', 'b'] as const;
const event = fc.oneof(
  fc.record({ kind: fc.constant('route' as const), name: fc.constantFrom(...names), domain: fc.nat(3) }),
  fc.record({ kind: fc.constant('missing' as const), name: fc.constantFrom(...names) }),
  fc.record({
    kind: fc.constant('clusters' as const),
    changed: fc.uniqueArray(fc.record({ name: fc.constantFrom('x', 'y', 'z'), timeout: fc.nat(3) }), {
      selector: ({ name }) => name,
    }),
    removed: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')),
  }),
  fc.record({ kind: fc.constant('rewatch' as const), name: fc.constantFrom(...names) }),
  fc.record({ kind: fc.constant('deliver' as const) }),
);

/** A worker's parts: they refuse what is odd, and keep what this watch accepted last. */
class Parts {
  readonly #client: XdsClient;
  readonly accepted = new Map<string, string>();
  readonly #watches = new Map<string, { close(): void }>();

  constructor(xds: XdsClients, source: ConfigSource) {
    this.#client = xds.forConfigSource(source);
    this.#client.watchAll('CDS', {
      update: (changed, removed) => {
        for (const name of removed) this.accepted.delete(`cluster ${name}`);
        return [...changed].flatMap(([name, cluster]) => {
          const seconds = Number(cluster.connectTimeout?.seconds ?? 0n);
          if (seconds % 2 === 1) return [{ name, message: 'odd' }];
          this.accepted.set(`cluster ${name}`, String(seconds));
          return [];
        });
      },
    });
    for (const name of names) this.watch(name);
  }

  watch(name: string): void {
    this.#watches.get(name)?.close();
    let accepted = false;
    const watch = this.#client.watch('RDS', name, {
      onResource: ({ virtualHosts }) => {
        const domain = virtualHosts[0]!.domains[0]!;
        if (Number(domain) % 2 === 1) {
          if (!accepted) this.accepted.delete(`routes ${name}`);
          return { name, message: 'odd' };
        }
        accepted = true;
        this.accepted.set(`routes ${name}`, domain);
        return undefined;
      },
      onMissing: () => void this.accepted.delete(`routes ${name}`),
    });
    this.#watches.set(name, watch);
  }
}

test('another worker comes to have what the first one accepted, whatever comes in whatever order', () => {
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const script = new Scripted();
      const { first, other, deliver } = pair(script);
      const [leading, following] = [new Parts(first, ADS), new Parts(other, ADS)];
      for (const each of events) {
        if (each.kind === 'deliver') deliver();
        else if (each.kind === 'missing') script.say(each.name, undefined);
        else if (each.kind === 'route') script.say(each.name, route(each.name, String(each.domain)));
        else if (each.kind === 'rewatch') {
          leading.watch(each.name);
          following.watch(each.name);
        } else script.sink!.update(clusters(each.changed), withoutChanged(each), 'v');
      }
      deliver();
      assert.deepEqual(following.accepted, leading.accepted);
    }),
  );
});

function route(name: string, domain: string) {
  return create(RouteConfigurationSchema, { name, virtualHosts: [{ name: 'v', domains: [domain] }] });
}

/** No response changes and removes the same resource. */
function withoutChanged(each: {
  readonly changed: readonly { readonly name: string }[];
  readonly removed: readonly string[];
}): readonly string[] {
  return each.removed.filter((name) => !each.changed.some((changed) => changed.name === name));
}

function clusters(changed: readonly { readonly name: string; readonly timeout: number }[]) {
  return new Map(
    changed.map(({ name, timeout }) => [
      name,
      create(ClusterSchema, { name, connectTimeout: { seconds: BigInt(timeout), nanos: 0 } }),
    ]),
  );
}

test('a resource that several ask for is handed on once, and waits for who asks later', () => {
  const script = new Scripted();
  const messages: ConfigMessage[] = [];
  const sources: XdsClients = { forConfigSource: () => script, all: () => [], close: () => {} };
  const first = relayedXds(sources, (message) => messages.push(message)).forConfigSource(ADS);
  const watches = [1, 2].map(() => first.watch('SDS', 'default', { onResource: () => undefined }));
  const secret = create(SecretSchema, { name: 'default', type: { case: 'genericSecret', value: {} } });
  script.say('default', secret);
  assert.deepEqual(
    messages.map(({ kind }) => kind),
    ['resource'],
  );

  const other = new FollowedXds(silentLogger);
  for (const message of messages) other.receive(structuredClone(message));
  const seen: unknown[] = [];
  const late = { onResource: (resource: object) => void seen.push(resource) };
  other.forConfigSource(ADS).watch('SDS', 'default', late);
  assert.deepEqual(seen, [secret]);

  for (const watch of watches) watch.close();
  assert.deepEqual(
    messages.map(({ kind }) => kind),
    ['resource', 'forget'],
  );
  for (const message of messages.slice(1)) other.receive(message);
  other.forConfigSource(ADS).watch('SDS', 'default', late);
  assert.equal(seen.length, 1);
});
