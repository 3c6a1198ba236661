// Serves one sidecar's configuration by ADS (state of the world), as a script sets it; can be killed and started again on its port.
import { create, createRegistry, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { AggregatedDiscoveryService } from '@meltemi/api/envoy/service/discovery/v3/ads_pb';
import {
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { type GrpcCall, grpcService, type RunningGrpcServer, serveGrpc } from '@meltemi/rpc';
import { xdsRegistry } from '../../packages/proxy/src/xds/registry.ts';

type Call = GrpcCall<DiscoveryRequest, DiscoveryResponse>;

/** Resources of one type by name, in protobuf's JSON without `@type`. */
export type ResourceSet = ReadonlyMap<string, JsonObject>;

interface TypeState {
  version: number;
  resources: ResourceSet;
  /** Names the sidecar asked for; empty: all. */
  asked: readonly string[];
}

interface Waiting {
  readonly typeUrl: string;
  readonly version: number;
  readonly names: readonly string[];
  readonly resolve: () => void;
}

const registry = createRegistry(xdsRegistry);
/** For an answer of the sidecar; it warms listeners and clusters before it gives one. */
const ACK_DEADLINE_MS = 20_000;

export class AdsServer {
  /** What the sidecar refused. */
  readonly refusals: string[] = [];
  pushes = 0;
  #version = 0;
  readonly #types = new Map<string, TypeState>();
  #call: Call | undefined;
  #server: RunningGrpcServer | undefined;
  #waiting: Waiting[] = [];
  /** Types that the stream in use has asked for. */
  #subscribed = new Set<string>();
  #port = 0;

  /** Answers its port, which stays the same. */
  async start(): Promise<number> {
    const service = AggregatedDiscoveryService;
    const implementation = { StreamAggregatedResources: (call: Call) => this.#accept(call) };
    const { StreamAggregatedResources } = grpcService(service);
    this.#server = await serveGrpc({
      address: { host: '127.0.0.1', port: this.#port },
      services: [{ definition: { StreamAggregatedResources: StreamAggregatedResources! }, implementation }],
    });
    this.#port = this.#server.port;
    return this.#port;
  }

  /** Cuts the stream off at once. */
  async kill(): Promise<void> {
    this.#call = undefined;
    this.#subscribed = new Set();
    await this.#server?.close(0);
  }

  /** Resolves when the sidecar has accepted them while it asked for `names`; rejects when it refused them or gave no answer. */
  async set(typeUrl: string, resources: ResourceSet, names: readonly string[] = []): Promise<void> {
    const version = ++this.#version;
    const known = this.#types.get(typeUrl);
    this.#types.set(typeUrl, { version, resources, asked: known?.asked ?? [] });
    if (!known) return;
    const refusedBefore = this.refusals.length;
    if (this.#subscribed.has(typeUrl)) this.#push(typeUrl);
    await this.#accepted(typeUrl, version, names);
    const refusal = this.refusals[refusedBefore];
    if (refusal !== undefined) throw new Error(refusal);
  }

  #accepted(typeUrl: string, version: number, names: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${typeUrl} ${version}: not accepted with ${names.join()}`)),
        ACK_DEADLINE_MS,
      );
      const heard = () => {
        clearTimeout(late);
        resolve();
      };
      this.#waiting.push({ typeUrl, version, names, resolve: heard });
    });
  }

  #accept(call: Call): void {
    this.#call = call;
    const subscribed = new Set<string>();
    this.#subscribed = subscribed;
    call.on('error', () => {});
    call.on('data', (request: DiscoveryRequest) => this.#read(request, subscribed));
  }

  #read(request: DiscoveryRequest, subscribed: Set<string>): void {
    const { typeUrl, resourceNames, errorDetail } = request;
    const state = this.#types.get(typeUrl) ?? { version: 0, resources: new Map(), asked: [] };
    this.#types.set(typeUrl, state);
    const names = [...resourceNames].sort();
    const changed = names.join() !== state.asked.join();
    state.asked = names;
    if (errorDetail) this.refusals.push(`${typeUrl}: ${errorDetail.message}`);
    if (!subscribed.has(typeUrl) || changed) {
      subscribed.add(typeUrl);
      this.#push(typeUrl);
      return;
    }
    this.#settle(typeUrl, Number(request.responseNonce));
  }

  /** A later version stands for those before it. */
  #settle(typeUrl: string, answered: number): void {
    const { asked } = this.#types.get(typeUrl)!;
    const done = this.#waiting.filter(
      (wait) =>
        wait.typeUrl === typeUrl && wait.version <= answered && wait.names.every((name) => asked.includes(name)),
    );
    this.#waiting = this.#waiting.filter((wait) => !done.includes(wait));
    for (const wait of done) wait.resolve();
  }

  #push(typeUrl: string): void {
    const { version, resources, asked } = this.#types.get(typeUrl)!;
    if (version === 0) return;
    const chosen = [...resources].filter(([name]) => asked.length === 0 || asked.includes(name));
    const answer = {
      versionInfo: String(version),
      nonce: String(version),
      typeUrl,
      resources: chosen.map(([, resource]) => ({ '@type': typeUrl, ...resource })),
    };
    this.pushes++;
    this.#call?.write(create(DiscoveryResponseSchema, fromJson(DiscoveryResponseSchema, answer, { registry })));
  }
}
