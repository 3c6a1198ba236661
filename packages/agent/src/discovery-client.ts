// One TLS connection to Pilot, for certificates and for xDS; what the workload is known by goes with every call.
import { readFile } from 'node:fs/promises';
import { create } from '@bufbuild/protobuf';
import {
  type CallOptions,
  type ClientDuplexStream,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { SecretDiscoveryService } from '@meltemi/api/envoy/service/secret/v3/sds_pb';
import {
  type IstioCertificateRequest,
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateService,
} from '@meltemi/api/istio/v1/auth/ca_pb';
import type { Clock, SocketAddress } from '@meltemi/base';
import { type GrpcClient, grpcClient, grpcService } from '@meltemi/rpc';
import { ADS_DEFINITION, type AdsMethod } from './ads-definition.ts';
import { callerCredentials, type CredentialSource } from './caller-credentials.ts';
import type { KeyPair } from './certificate-files.ts';
import type { TrustStream } from './trust-watcher.ts';

export interface DiscoveryClientOptions {
  readonly address: SocketAddress;
  /** PEM file of the roots that the server's certificate must chain to. */
  readonly rootsFile: string;
  /** The DNS name that the server's certificate must have. */
  readonly serverName: string;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
}

const DEFINITION: ServiceDefinition = {
  ...grpcService(IstioCertificateService),
  ...grpcService(SecretDiscoveryService),
  ...ADS_DEFINITION,
};
/** Longest wait for a certificate. */
const CERTIFICATE_DEADLINE_MS = 10_000;

export class DiscoveryClient {
  readonly #options: DiscoveryClientOptions;
  #connection: Connection | undefined;

  constructor(options: DiscoveryClientOptions) {
    this.#options = options;
  }

  /** Certificates as PEM: the leaf first, the roots last. */
  async createCertificate(csr: string, ttlMs: number): Promise<readonly string[]> {
    const [client, metadata] = await this.#ready('certificate');
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
    const [client, metadata] = await this.#ready('stream');
    return (client[method] as unknown as OpenStream).call(client, metadata);
  }

  /** What to trust, now and when it changes. */
  async openTrustStream(): Promise<TrustStream> {
    const [client, metadata] = await this.#ready('stream');
    return (client['StreamSecrets'] as unknown as (metadata: Metadata) => TrustStream).call(client, metadata);
  }

  async close(): Promise<void> {
    this.#connection?.client.close();
  }

  /** Credentials and roots are read each time: kubelet, our supervisor and the control plane renew the files. */
  async #ready(purpose: 'certificate' | 'stream'): Promise<[GrpcClient, Metadata]> {
    const { rootsFile, credentials } = this.#options;
    const [roots, shown] = await Promise.all([readFile(rootsFile, 'utf8'), callerCredentials(credentials, purpose)]);
    const metadata = new Metadata();
    if (shown.authorization !== undefined) metadata.set('authorization', shown.authorization);
    return [this.#connect(roots, shown.certificate), metadata];
  }

  /** With other roots or another certificate there is another connection; streams of the one before go on. */
  #connect(roots: string, certificate: KeyPair | undefined): GrpcClient {
    const chain = certificate?.certificateChain;
    if (this.#connection?.roots !== roots || this.#connection.chain !== chain) {
      this.#connection?.client.close();
      const { address, serverName } = this.#options;
      const tls = {
        roots,
        serverName,
        ...(certificate && { key: certificate.privateKey, certificateChain: certificate.certificateChain }),
      };
      this.#connection = { roots, chain, client: grpcClient(DEFINITION, address, tls) };
    }
    return this.#connection.client;
  }
}

interface Connection {
  /** PEM. */
  readonly roots: string;
  readonly chain: string | undefined;
  readonly client: GrpcClient;
}

type CreateCertificate = (
  request: IstioCertificateRequest,
  metadata: Metadata,
  options: CallOptions,
  done: (error: ServiceError | null, response?: IstioCertificateResponse) => void,
) => void;

type OpenStream = (metadata: Metadata) => ClientDuplexStream<Buffer, Buffer>;
