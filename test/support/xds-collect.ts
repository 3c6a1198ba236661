// A program that asks a control plane, as a sidecar does, for all that some nodes are to have, and writes it down.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { TYPE_URL as XDS_TYPE_URL, unpackAny } from '@meltemi/api';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { AggregatedDiscoveryService } from '@meltemi/api/envoy/service/discovery/v3/ads_pb';
import {
  DiscoveryRequestSchema,
  type DiscoveryRequest,
  type DiscoveryResponse,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { type GrpcClient, grpcClient, grpcService } from '@meltemi/rpc';
import type { ClientDuplexStream } from '@grpc/grpc-js';

/** What is asked for of each node. */
export const COLLECTED_TYPES = ['CDS', 'EDS', 'LDS', 'RDS', 'NDS'] as const;
type Type = (typeof COLLECTED_TYPES)[number];
const TYPE_URL: Readonly<Record<Type, string>> = {
  ...XDS_TYPE_URL,
  NDS: 'type.googleapis.com/istio.networking.nds.v1.NameTable',
};

export interface CollectedNode {
  readonly id: string;
  readonly metadata: JsonObject;
  readonly locality?: { readonly region: string; readonly zone?: string; readonly subZone?: string };
}

/** node id → type → encoded `Any`s in base64. */
export type Collected = Readonly<Record<string, Readonly<Record<Type, readonly string[]>>>>;

export interface Wish {
  readonly port: number;
  /** The cluster that tells that the control plane has read everything. */
  readonly marker: string;
  readonly nodes: readonly CollectedNode[];
}

const DEADLINE_MS = 30_000;

/** Rejects when a control plane does not answer in time. */
export async function collectAll({ port, marker, nodes }: Wish): Promise<Collected> {
  const collected = await Promise.all(nodes.map(async (node) => [node.id, await collect(port, marker, node)] as const));
  return Object.fromEntries(collected);
}

type AdsStream = ClientDuplexStream<DiscoveryRequest, DiscoveryResponse>;

/** A stream for one node, of the state of the world. */
class Conversation {
  readonly #node: CollectedNode;
  readonly #client: GrpcClient;
  readonly #stream: AdsStream;
  readonly #responses: AsyncIterator<DiscoveryResponse>;
  readonly #deadline: NodeJS.Timeout;

  constructor(port: number, node: CollectedNode) {
    this.#node = node;
    this.#client = grpcClient(grpcService(AggregatedDiscoveryService), { host: '127.0.0.1', port });
    const methods = this.#client as unknown as Record<'streamAggregatedResources', () => AdsStream>;
    this.#stream = methods.streamAggregatedResources();
    this.#responses = this.#stream[Symbol.asyncIterator]() as AsyncIterator<DiscoveryResponse>;
    this.#deadline = setTimeout(() => this.#stream.cancel(), DEADLINE_MS);
  }

  /** The first answer that `wanted` takes; all are acknowledged. */
  async ask(
    type: Type,
    resourceNames: string[] = [],
    wanted: (resources: readonly Any[]) => boolean = () => true,
  ): Promise<readonly Any[]> {
    const { id, metadata, locality } = this.#node;
    const node = { id, metadata, userAgentName: 'envoy', ...(locality && { locality }) };
    const request = { typeUrl: TYPE_URL[type], resourceNames, node };
    this.#stream.write(create(DiscoveryRequestSchema, request));
    for (;;) {
      const { value, done } = await this.#responses.next();
      if (done) throw new Error(`the stream of ${id} ended`);
      const { typeUrl, versionInfo, nonce: responseNonce, resources } = value;
      const asked = typeUrl === TYPE_URL[type];
      const names = asked ? resourceNames : [];
      const answer = { typeUrl, versionInfo, responseNonce, resourceNames: names };
      this.#stream.write(create(DiscoveryRequestSchema, answer));
      if (asked && wanted(resources)) return resources;
    }
  }

  close(): void {
    clearTimeout(this.#deadline);
    this.#stream.on('error', () => undefined);
    this.#stream.cancel();
    this.#client.close();
  }
}

/** Once the marker is among the clusters: all clusters and listeners, and what they name. */
async function collect(port: number, marker: string, node: CollectedNode): Promise<Record<Type, readonly string[]>> {
  const waiting = new Conversation(port, node);
  await waiting.ask('CDS', [], (resources) => resources.some((any) => clusterName(any) === marker));
  waiting.close();
  // Who was there before may still hold what is about to go: who comes now gets what is.
  const conversation = new Conversation(port, node);
  const CDS = await conversation.ask('CDS');
  const edsNames = CDS.flatMap(edsName);
  const EDS = edsNames.length > 0 ? await conversation.ask('EDS', edsNames) : [];
  const LDS = await conversation.ask('LDS');
  const routes = [...new Set(LDS.flatMap(routeNames))];
  const RDS = routes.length > 0 ? await conversation.ask('RDS', routes) : [];
  const NDS = await conversation.ask('NDS');
  conversation.close();
  const encode = (all: readonly Any[]) => all.map((any) => Buffer.from(toBinary(AnySchema, any)).toString('base64'));
  return { CDS: encode(CDS), EDS: encode(EDS), LDS: encode(LDS), RDS: encode(RDS), NDS: encode(NDS) };
}

/** The `Any` of a text that was collected. */
export function collectedAny(text: string): Any {
  return fromBinary(AnySchema, Buffer.from(text, 'base64'));
}

function clusterName(any: Any): string {
  return unpackAny(any, ClusterSchema)!.name;
}

function edsName(any: Any): string[] {
  const { edsClusterConfig, name } = unpackAny(any, ClusterSchema)!;
  return edsClusterConfig ? [edsClusterConfig.serviceName || name] : [];
}

function routeNames(any: Any): string[] {
  const { filterChains, defaultFilterChain } = unpackAny(any, ListenerSchema)!;
  return [...filterChains, ...(defaultFilterChain ? [defaultFilterChain] : [])].flatMap(({ filters }) =>
    filters.flatMap(({ configType }) => {
      const manager =
        configType.case === 'typedConfig' ? unpackAny(configType.value, HttpConnectionManagerSchema) : undefined;
      return manager?.routeSpecifier.case === 'rds' ? [manager.routeSpecifier.value.routeConfigName] : [];
    }),
  );
}

// Last: classes are there from here on.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , asked, answer] = process.argv;
  const wish = JSON.parse(readFileSync(asked!, 'utf8')) as Wish;
  writeFileSync(answer!, JSON.stringify(await collectAll(wish)));
}
