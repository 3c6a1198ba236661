// Opens gRPC clients to an address: plaintext, TLS with given roots, or a Unix socket.
import {
  type ChannelOptions,
  type Client,
  credentials,
  makeGenericClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { type GrpcAddress, target } from './grpc-server.ts';

/** PEM. `key` and `certificateChain` together for mutual TLS; `serverName` is verified in place of the host dialled. */
export interface GrpcClientTls {
  readonly roots: string;
  readonly key?: string;
  readonly certificateChain?: string;
  readonly serverName?: string;
}

/** A grpc-js client with one method per method of the definition. Close it when done. */
export type GrpcClient = Client & Readonly<Record<string, (...args: never[]) => unknown>>;

/** Makes a client; it connects on the first call and again after failures, with its own back-off (1 s to 20 s). */
export function grpcClient(definition: ServiceDefinition, address: GrpcAddress, tls?: GrpcClientTls): GrpcClient {
  const Constructor = makeGenericClientConstructor(definition, 'meltemi');
  const options: ChannelOptions = {
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
    ...(tls?.serverName && {
      'grpc.ssl_target_name_override': tls.serverName,
      'grpc.default_authority': tls.serverName,
    }),
  };
  const creds = tls
    ? credentials.createSsl(Buffer.from(tls.roots), bytes(tls.key), bytes(tls.certificateChain))
    : credentials.createInsecure();
  return new Constructor(target(address), creds, options) as unknown as GrpcClient;
}

function bytes(pem: string | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
