// One TLS connection to Pilot, for certificates and for xDS; the workload's token goes with every call.
import { readFile } from 'node:fs/promises';
import { create } from '@bufbuild/protobuf';
import {
  type CallOptions,
  type ClientDuplexStream,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  type IstioCertificateRequest,
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateService,
} from '@meltemi/api/istio/v1/auth/ca_pb';
import type { Clock, SocketAddress } from '@meltemi/base';
import { type GrpcClient, grpcClient, grpcService } from '@meltemi/rpc';
import { ADS_DEFINITION, type AdsMethod } from './ads-definition.ts';

export interface DiscoveryClientOptions {
  readonly address: SocketAddress;
  /** PEM file of the roots that the server's certificate must chain to. */
  readonly rootsFile: string;
  /** The DNS name that the server's certificate must have. */
  readonly serverName: string;
  readonly tokenFile: string;
  readonly clock: Clock;
}

/** Longest wait for a certificate. */
const CERTIFICATE_DEADLINE_MS = 10_000;

export class DiscoveryClient {
  readonly #options: DiscoveryClientOptions;
  #client: Promise<GrpcClient> | undefined;

  constructor(options: DiscoveryClientOptions) {
    this.#options = options;
  }

  /** Certificates as PEM: the leaf first, the roots last. */
  async createCertificate(csr: string, ttlMs: number): Promise<readonly string[]> {
    const [client, metadata] = await this.#ready();
    const request = create(IstioCertificateRequestSchema, { csr, validityDuration: BigInt(Math.floor(ttlMs / 1000)) });
    const options = { deadline: this.#options.clock.now() + CERTIFICATE_DEADLINE_MS };
    return new Promise((resolve, reject) => {
      const call = client['CreateCertificate'] as unknown as CreateCertificate;
      call.call(client, request, metadata, options, (error, response) =>
        error ? reject(error) : resolve(response!.certChain),
      );
    });
  }

  /** A stream of xDS messages as bytes. */
  async openStream(method: AdsMethod): Promise<ClientDuplexStream<Buffer, Buffer>> {
    const [client, metadata] = await this.#ready();
    return (client[method] as unknown as OpenStream).call(client, metadata);
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    client?.close();
  }

  /** The token is read each time: kubelet and our supervisor renew the file. */
  async #ready(): Promise<[GrpcClient, Metadata]> {
    const [client, token] = await Promise.all([this.#connect(), readFile(this.#options.tokenFile, 'utf8')]);
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token.trim()}`);
    return [client, metadata];
  }

  #connect(): Promise<GrpcClient> {
    this.#client ??= this.#open().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #open(): Promise<GrpcClient> {
    const roots = await readFile(this.#options.rootsFile, 'utf8');
    const definition: ServiceDefinition = { ...grpcService(IstioCertificateService), ...ADS_DEFINITION };
    return grpcClient(definition, this.#options.address, { roots, serverName: this.#options.serverName });
  }
}

type CreateCertificate = (
  request: IstioCertificateRequest,
  metadata: Metadata,
  options: CallOptions,
  done: (error: ServiceError | null, response?: IstioCertificateResponse) => void,
) => void;

type OpenStream = (metadata: Metadata) => ClientDuplexStream<Buffer, Buffer>;
