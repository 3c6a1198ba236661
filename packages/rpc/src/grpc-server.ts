// Serves gRPC on an address: plaintext, TLS, or a Unix socket; stops gracefully with a deadline.
import { formatSocketAddress, type SocketAddress } from '@meltemi/base';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type GrpcServerTls, type ServingPair, ServingCredentials } from './serving-credentials.ts';

/** `path` for a Unix socket, else host and port (0: any free one). */
export type GrpcAddress = SocketAddress | { readonly path: string };

export interface GrpcServerOptions {
  readonly address: GrpcAddress;
  readonly tls?: GrpcServerTls;
  readonly services: readonly {
    readonly definition: ServiceDefinition;
    readonly implementation: UntypedServiceImplementation;
  }[];
}

export interface RunningGrpcServer {
  /** The bound port; 0 for a Unix socket. */
  readonly port: number;
  /** New TLS connections get this certificate, and show one that chains to these roots, if given; those that are open go on. */
  renew(pair: ServingPair, clientRoots?: string): void;
  /** Lets calls end, and cuts them off after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Binds and serves. Rejects when the address can't be bound. Largest message received: 4 MiB; keepalive 30 s + 10 s. */
export async function serveGrpc(options: GrpcServerOptions): Promise<RunningGrpcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': 4 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.so_reuseport': 0,
  });
  for (const { definition, implementation } of options.services) server.addService(definition, implementation);
  const tls = options.tls && new ServingCredentials(options.tls);
  const port = await bind(server, target(options.address), tls ?? ServerCredentials.createInsecure());
  return {
    port,
    renew: (pair, clientRoots) => tls?.renew(pair, clientRoots),
    close: (graceMs) => stop(server, graceMs),
  };
}

/** The grpc-js target name of an address. */
export function target(address: GrpcAddress): string {
  return 'path' in address ? `unix:${address.path}` : formatSocketAddress(address);
}

function bind(server: Server, name: string, creds: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(name, creds, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      // tryShutdown may still wait for a call that its client gave up: what is cut off is not waited for.
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
