// For tests: a client of the discovery service over a real connection.
import { EventEmitter, once } from 'node:events';
import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { unpackAny } from '@meltemi/api';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { AggregatedDiscoveryService } from '@meltemi/api/envoy/service/discovery/v3/ads_pb';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { type GrpcClient, grpcClient, grpcService } from '@meltemi/rpc';
import type { ProxyNode } from '../proxy-node.ts';
import { SERVED_TYPE_URL, SERVED_TYPES, type ServedType, servedTypeOf } from '../resources.ts';

type AdsStream = ClientDuplexStream<
  DiscoveryRequest | DeltaDiscoveryRequest,
  DiscoveryResponse | DeltaDiscoveryResponse
>;

/** A client that does as Envoy does: all clusters and listeners, and what they name. */
export class XdsClient {
  readonly held = ofEachType(() => new Map<string, Any>());
  /** Emits `changed` after each response, `failed` with the error of the stream. */
  readonly events = new EventEmitter();
  readonly received = ofEachType(() => 0);
  /** Types whose next response is refused, with the words for it. */
  readonly refuse = new Map<ServedType, string>();
  readonly #client: GrpcClient;
  readonly #node: ProxyNode;
  readonly #delta: boolean;
  readonly #named = ofEachType((): string[] => []);
  readonly #versions = new Map<string, string>();
  readonly #nonces: Partial<Record<ServedType, string>> = {};
  #stream: AdsStream;

  constructor(port: number, node: ProxyNode, variant: 'sotw' | 'delta') {
    this.#node = node;
    this.#delta = variant === 'delta';
    this.#client = grpcClient(grpcService(AggregatedDiscoveryService), { host: '127.0.0.1', port });
    this.#stream = this.#open();
  }

  /** Ends the stream and opens another with what it holds, as after a lost connection. */
  reconnect(): void {
    this.#stream.end();
    for (const type of SERVED_TYPES) delete this.#nonces[type];
    this.#stream = this.#open();
  }

  async close(): Promise<void> {
    const closed = once(this.#stream, 'status');
    this.#stream.end();
    await closed;
    this.#client.close();
  }

  /** For a client whose stream has failed. */
  abandon(): void {
    this.#client.close();
  }

  #open(): AdsStream {
    const method = this.#delta ? 'deltaAggregatedResources' : 'streamAggregatedResources';
    const stream = (this.#client as unknown as Record<string, () => AdsStream>)[method]!.call(this.#client);
    stream.on('error', (error: ServiceError) => this.events.emit('failed', error));
    stream.on('data', (response: DiscoveryResponse | DeltaDiscoveryResponse) => {
      if (!stream.writableEnded) this.#take(response);
    });
    for (const type of SERVED_TYPES) {
      if (type === 'CDS' || type === 'LDS' || this.#named[type].length > 0) this.#first(stream, type);
    }
    return stream;
  }

  #first(stream: AdsStream, type: ServedType): void {
    const head = { typeUrl: SERVED_TYPE_URL[type], node: { id: this.#node.id } };
    const names = this.#named[type];
    if (!this.#delta) {
      stream.write(create(DiscoveryRequestSchema, { ...head, resourceNames: names }));
      return;
    }
    const initialResourceVersions = Object.fromEntries(
      [...this.held[type].keys()].map((name) => [name, this.#versions.get(`${type} ${name}`)!]),
    );
    stream.write(
      create(DeltaDiscoveryRequestSchema, { ...head, resourceNamesSubscribe: names, initialResourceVersions }),
    );
  }

  #take(response: DiscoveryResponse | DeltaDiscoveryResponse): void {
    const type = servedTypeOf(response.typeUrl)!;
    this.received[type]++;
    this.#nonces[type] = response.nonce;
    const words = this.refuse.get(type);
    if (this.refuse.delete(type)) this.#answer(type, { errorDetail: { code: 3, message: words! } });
    else {
      if (response.$typeName === 'envoy.service.discovery.v3.DiscoveryResponse') this.#applySotw(type, response);
      else this.#applyDelta(type, response);
      this.#answer(type, {});
      if (type === 'CDS') this.#follow('EDS', [...this.held.CDS.values()].flatMap(edsName));
      if (type === 'LDS') this.#follow('RDS', [...this.held.LDS.values()].flatMap(rdsNames));
    }
    this.events.emit('changed');
  }

  #applySotw(type: ServedType, { resources }: DiscoveryResponse): void {
    if (type === 'CDS' || type === 'LDS') this.held[type].clear();
    for (const any of resources) this.held[type].set(nameOf(any), any);
  }

  #applyDelta(type: ServedType, { resources, removedResources }: DeltaDiscoveryResponse): void {
    for (const { name, version, resource } of resources) {
      this.held[type].set(name, resource!);
      this.#versions.set(`${type} ${name}`, version);
    }
    for (const name of removedResources) this.held[type].delete(name);
  }

  #follow(type: ServedType, names: string[]): void {
    const before = this.#named[type];
    this.#named[type] = names;
    for (const name of this.held[type].keys()) if (!names.includes(name)) this.held[type].delete(name);
    if (before.length === 0 && this.#nonces[type] === undefined) {
      if (names.length > 0) this.#first(this.#stream, type);
      return;
    }
    if (!this.#delta) return this.#answer(type, {});
    const subscribe = names.filter((name) => !before.includes(name));
    const unsubscribe = before.filter((name) => !names.includes(name));
    const change = { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe };
    if (subscribe.length + unsubscribe.length > 0) {
      this.#stream.write(create(DeltaDiscoveryRequestSchema, { typeUrl: SERVED_TYPE_URL[type], ...change }));
    }
  }

  #answer(type: ServedType, error: { errorDetail?: { code: number; message: string } }): void {
    const head = { typeUrl: SERVED_TYPE_URL[type], responseNonce: this.#nonces[type] ?? '', ...error };
    this.#stream.write(
      this.#delta
        ? create(DeltaDiscoveryRequestSchema, head)
        : create(DiscoveryRequestSchema, { ...head, resourceNames: this.#named[type] }),
    );
  }
}

function ofEachType<Value>(value: () => Value): Record<ServedType, Value> {
  return Object.fromEntries(SERVED_TYPES.map((type) => [type, value()])) as Record<ServedType, Value>;
}

function edsName(any: Any): string[] {
  const cluster = unpackAny(any, ClusterSchema)!;
  return cluster.edsClusterConfig ? [cluster.edsClusterConfig.serviceName] : [];
}

function rdsNames(any: Any): string[] {
  return unpackAny(any, ListenerSchema)!.filterChains.flatMap(({ filters }) =>
    filters.flatMap(({ configType }) => {
      const manager =
        configType.case === 'typedConfig' ? unpackAny(configType.value, HttpConnectionManagerSchema) : undefined;
      return manager?.routeSpecifier.case === 'rds' ? [manager.routeSpecifier.value.routeConfigName] : [];
    }),
  );
}

/** The first field of clusters, listeners, routes and assignments is their name. */
function nameOf({ value }: Any): string {
  const length = value[1]!;
  const [start, size] = length < 128 ? [2, length] : [3, (length & 127) | (value[2]! << 7)];
  return Buffer.from(value.subarray(start, start + size)).toString();
}
