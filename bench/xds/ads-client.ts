// A sidecar as a control plane sees it: asks for all clusters, their endpoints, all listeners, their routes; takes whatever comes.
import { create, toBinary } from '@bufbuild/protobuf';
import { TYPE_URL, xdsTypeOf } from '@meltemi/api';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { GrpcStream } from './grpc-stream.ts';
import { scanResponse, type SeenResponse } from './scan-message.ts';
import { addressOf, changeOf, type MeshSize, namespaceOf } from './xds-files.ts';

export const TYPES = ['CDS', 'EDS', 'LDS', 'RDS'] as const;
export type Type = (typeof TYPES)[number];
export type Variant = 'delta' | 'sotw';

export interface AdsClientOptions {
  readonly host: string;
  readonly port: number;
  readonly variant: Variant;
  readonly index: number;
  readonly size: MeshSize;
  /** Everything that was named has come. */
  readonly synced: () => void;
  /** A response with these numbers of changes was taken. */
  readonly changed: (kind: 'endpoint' | 'weight', changes: readonly number[]) => void;
  readonly failed: (reason: string) => void;
}

const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const METHOD: Readonly<Record<Variant, string>> = {
  delta: 'DeltaAggregatedResources',
  sotw: 'StreamAggregatedResources',
};
/** The type that is asked for when one has come. */
const NEXT: Readonly<Record<Type, Type | undefined>> = { CDS: 'EDS', EDS: 'LDS', LDS: 'RDS', RDS: undefined };
const ADDRESS = /10\.(?:12[89]|1[3-9]\d|2\d\d)\.\d+\.\d+/g;
const STEP = /change-(\d+)/g;

export class AdsClient {
  readonly held: Readonly<Record<Type, Set<string>>> = {
    CDS: new Set(),
    EDS: new Set(),
    LDS: new Set(),
    RDS: new Set(),
  };
  responses = 0;
  readonly #options: AdsClientOptions;
  readonly #stream: GrpcStream;
  readonly #asked = new Set<Type>();
  readonly #names: Record<'EDS' | 'RDS', ReadonlySet<string>> = { EDS: new Set(), RDS: new Set() };
  readonly #uses = new Map<string, readonly string[]>();
  #synced = false;

  constructor(options: AdsClientOptions) {
    this.#options = options;
    const { host, port, variant } = options;
    this.#stream = new GrpcStream({
      host,
      port,
      path: `${SERVICE}/${METHOD[variant]}`,
      message: (message) => this.#take(message),
      failed: options.failed,
    });
    this.#ask('CDS');
  }

  get bytesRead(): number {
    return this.#stream.bytesRead;
  }

  close(): void {
    this.#stream.close();
  }

  #take(message: Buffer): void {
    const response = scanResponse(message, this.#options.variant === 'delta');
    const type = xdsTypeOf(response.typeUrl) as Type;
    this.responses++;
    this.#hold(type, response);
    this.#send(type, this.#interest(type), response);
    if (type === 'CDS') this.#rename('EDS', 'CDS');
    if (type === 'LDS') this.#rename('RDS', 'LDS');
    this.#tell(type, message);
    const next = NEXT[type];
    if (next && this.#whole(type)) this.#ask(next);
    if (!this.#synced && TYPES.every((each) => this.#asked.has(each) && this.#whole(each))) {
      this.#synced = true;
      this.#options.synced();
    }
  }

  #hold(type: Type, { resources, removed }: SeenResponse): void {
    const held = this.held[type];
    if (this.#options.variant === 'sotw' && (type === 'CDS' || type === 'LDS')) held.clear();
    for (const { name, uses } of resources) {
      held.add(name);
      if (uses.length > 0) this.#uses.set(`${type} ${name}`, uses);
    }
    for (const name of removed) held.delete(name);
  }

  #rename(type: 'EDS' | 'RDS', by: 'CDS' | 'LDS'): void {
    const before = this.#names[type];
    const now = new Set([...this.held[by]].flatMap((name) => this.#uses.get(`${by} ${name}`) ?? []));
    this.#names[type] = now;
    if (!this.#asked.has(type) || (before.size === now.size && [...now].every((name) => before.has(name)))) return;
    const subscribe = [...now].filter((name) => !before.has(name));
    const unsubscribe = [...before].filter((name) => !now.has(name));
    this.#send(type, { names: [...now], subscribe, unsubscribe });
  }

  #whole(type: Type): boolean {
    const held = this.held[type];
    return type === 'EDS' || type === 'RDS' ? held.size >= this.#names[type].size : held.size > 0;
  }

  #ask(type: Type): void {
    if (this.#asked.has(type)) return;
    this.#asked.add(type);
    const names = this.#interest(type).names;
    this.#send(type, { names, subscribe: names, unsubscribe: [] });
  }

  #interest(type: Type) {
    const names = type === 'EDS' || type === 'RDS' ? [...this.#names[type]] : [];
    return { names, subscribe: [] as string[], unsubscribe: [] as string[] };
  }

  #send(
    type: Type,
    { names, subscribe, unsubscribe }: { names: string[]; subscribe: string[]; unsubscribe: string[] },
    response?: SeenResponse,
  ): void {
    const head = {
      typeUrl: TYPE_URL[type],
      responseNonce: response?.nonce ?? this.#nonces.get(type) ?? '',
      ...(type === 'CDS' && !response && { node: node(this.#options) }),
    };
    if (response) this.#nonces.set(type, response.nonce);
    if (response) this.#versions.set(type, response.version);
    const delta = { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe };
    if (this.#options.variant === 'delta') {
      const request = { ...head, ...delta, ...(!response && { responseNonce: '' }) };
      this.#stream.send(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request)));
      return;
    }
    const request = { ...head, versionInfo: this.#versions.get(type) ?? '' };
    const rest = toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, request));
    this.#stream.send(Buffer.concat([rest, this.#encodedNames(type, names)]));
  }

  /** The list of names as it stands in every request, encoded once: messages may be put together from parts. */
  #encodedNames(type: Type, names: string[]): Uint8Array {
    const known = this.#lists.get(type);
    if (known?.names.length === names.length && known.names.every((name, index) => name === names[index])) {
      return known.bytes;
    }
    const bytes = toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, { resourceNames: names }));
    this.#lists.set(type, { names, bytes });
    return bytes;
  }

  readonly #lists = new Map<Type, { readonly names: readonly string[]; readonly bytes: Uint8Array }>();
  readonly #nonces = new Map<Type, string>();
  readonly #versions = new Map<Type, string>();

  #tell(type: Type, message: Buffer): void {
    if (type === 'EDS') {
      const changes =
        message
          .toString('latin1')
          .match(ADDRESS)
          ?.flatMap((address) => changeOf(address) ?? []) ?? [];
      if (changes.length > 0) this.#options.changed('endpoint', changes);
    }
    if (type !== 'RDS') return;
    const steps = [...message.toString('latin1').matchAll(STEP)].map(([, number]) => Number(number));
    const latest = Math.max(0, ...steps);
    if (latest > 0) this.#options.changed('weight', [latest]);
  }
}

function node({ index, size }: AdsClientOptions) {
  const namespace = namespaceOf(index % size.services, size);
  const address = addressOf(index % size.services, 0, size);
  return create(NodeSchema, {
    id: `sidecar~${address}~client-${index}.${namespace}~${namespace}.svc.cluster.local`,
    cluster: `client.${namespace}`,
    userAgentName: 'envoy',
    metadata: {
      CLUSTER_ID: 'Kubernetes',
      INTERCEPTION_MODE: 'REDIRECT',
      ISTIO_VERSION: '1.29.0',
      LABELS: { app: `svc-${index % size.services}`, version: 'v1' },
      MESH_ID: 'cluster.local',
      NAME: `client-${index}`,
      NAMESPACE: namespace,
      SERVICE_ACCOUNT: `svc-${index % size.services}`,
      WORKLOAD_NAME: `svc-${index % size.services}`,
      INSTANCE_IPS: address,
    },
  });
}
