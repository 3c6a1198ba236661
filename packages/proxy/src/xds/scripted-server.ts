// For tests: a configuration server that says exactly what a test tells it to, faults included.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { packAny, TYPE_URL, type XdsType } from '@meltemi/api';
import { type Cluster, ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryResponseSchema,
  type DiscoveryRequest,
  DiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { type GrpcAddress, type GrpcCall, type RunningGrpcServer, serveGrpc } from '@meltemi/rpc';
import { XDS_SERVICES, type XdsForm, type XdsService } from './xds-method.ts';

type Call = GrpcCall<object, object>;

export class ScriptedServer<Request extends DiscoveryRequest | DeltaDiscoveryRequest> {
  streams = 0;
  readonly #requests: Request[] = [];
  #waiting: ((request: Request) => void)[] = [];
  #call: Call | undefined;
  #server: RunningGrpcServer | undefined;

  async listen(service: XdsService, form: XdsForm, address: GrpcAddress): Promise<number> {
    const { definition, methods } = XDS_SERVICES[service];
    const only: ServiceDefinition = { [methods[form]]: definition[methods[form]]! };
    const implementation = { [methods[form]]: (call: Call) => this.#accept(call) };
    this.#server = await serveGrpc({ address, services: [{ definition: only, implementation }] });
    return this.#server.port;
  }

  /** The next request that came, or comes. */
  async next(): Promise<Request> {
    return this.#requests.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Requests that came and nobody asked for. */
  get unread(): readonly Request[] {
    return this.#requests;
  }

  sendSotw(response: MessageInitShape<typeof DiscoveryResponseSchema>): void {
    this.#call?.write(create(DiscoveryResponseSchema, response));
  }

  sendDelta(response: MessageInitShape<typeof DeltaDiscoveryResponseSchema>): void {
    this.#call?.write(create(DeltaDiscoveryResponseSchema, response));
  }

  endStream(): void {
    this.#call?.end();
  }

  async close(): Promise<void> {
    await this.#server?.close(0);
  }

  #accept(call: Call): void {
    this.streams++;
    this.#call = call;
    call.on('error', () => {});
    call.on('data', (request: Request) => {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(request);
      else this.#requests.push(request);
    });
  }
}

/** A packed cluster: `connectTimeoutMs` makes two of a name differ. */
export function packedCluster(name: string, connectTimeoutMs = 0) {
  return packAny(ClusterSchema, cluster(name, connectTimeoutMs));
}

export function cluster(name: string, connectTimeoutMs = 0): Cluster {
  const connectTimeout = { seconds: 0n, nanos: connectTimeoutMs * 1e6 };
  return create(ClusterSchema, { name, ...(connectTimeoutMs > 0 && { connectTimeout }) });
}

export function typeUrl(type: XdsType): string {
  return TYPE_URL[type];
}
