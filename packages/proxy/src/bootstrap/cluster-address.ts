// Finds where the gRPC server of a config source is, by the static cluster of the bootstrap that the source names.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { Address, SocketAddress } from '@meltemi/api/envoy/config/core/v3/address_pb';
import type { DataSource, TransportSocket } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { ApiConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import {
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { unpackAny } from '@meltemi/api';
import type { GrpcAddress, GrpcClientTls } from '@meltemi/rpc';

export type ClusterAddress =
  | {
      readonly kind: 'address';
      readonly cluster: string;
      readonly address: GrpcAddress;
      readonly tls: TlsFiles | undefined;
    }
  | { readonly kind: 'refused'; readonly message: string };

/** TLS as the bootstrap says; what it names by file is read when a stream is opened, so that rotated files are seen. */
export interface TlsFiles {
  readonly roots: TextSource;
  readonly key?: TextSource;
  readonly certificateChain?: TextSource;
  readonly serverName?: string;
}

export type TextSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string };

export function clusterAddress(bootstrap: Bootstrap, source: ApiConfigSource): ClusterAddress {
  const service = source.grpcServices[0]?.targetSpecifier;
  if (service?.case !== 'envoyGrpc') return refused('the source names no envoy_grpc cluster');
  const name = service.value.clusterName;
  const cluster = bootstrap.staticResources?.clusters.find((candidate) => candidate.name === name);
  if (!cluster) return refused(`static cluster "${name}" does not exist`);
  const address = endpointAddress(cluster);
  if (!address) return refused(`static cluster ${name} has no endpoint with a socket address or a pipe`);
  return withTls(name, address, cluster.transportSocket);
}

function endpointAddress(cluster: Cluster): GrpcAddress | undefined {
  const endpoints = cluster.loadAssignment?.endpoints.flatMap((locality) => locality.lbEndpoints) ?? [];
  const identifier = endpoints[0]?.hostIdentifier;
  return identifier?.case === 'endpoint' ? grpcAddress(identifier.value.address) : undefined;
}

function grpcAddress(address: Address | undefined): GrpcAddress | undefined {
  if (address?.address.case === 'pipe') return { path: address.address.value.path };
  if (address?.address.case !== 'socketAddress') return undefined;
  return { host: address.address.value.address, port: port(address.address.value) };
}

function port(address: SocketAddress): number {
  return address.portSpecifier.case === 'portValue' ? address.portSpecifier.value : 0;
}

function withTls(cluster: string, address: GrpcAddress, socket: TransportSocket | undefined): ClusterAddress {
  const config = socket?.configType.value;
  if (!socket || socket.name === 'envoy.transport_sockets.raw_buffer')
    return { kind: 'address', cluster, address, tls: undefined };
  const context = unpackAny(config, UpstreamTlsContextSchema);
  if (!context)
    return refused(`static cluster ${cluster}: transport socket ${config?.typeUrl ?? socket.name} is not supported`);
  const tls = tlsFiles(context);
  return tls
    ? { kind: 'address', cluster, address, tls }
    : refused(`static cluster ${cluster}: TLS needs a trusted_ca`);
}

function tlsFiles(context: UpstreamTlsContext): TlsFiles | undefined {
  const common = context.commonTlsContext;
  const validation = common?.validationContextType;
  const roots = validation?.case === 'validationContext' ? textSource(validation.value.trustedCa) : undefined;
  if (!roots) return undefined;
  const pair = common?.tlsCertificates[0];
  const key = textSource(pair?.privateKey);
  const certificateChain = textSource(pair?.certificateChain);
  return {
    roots,
    ...(key && certificateChain && { key, certificateChain }),
    ...(context.sni && { serverName: context.sni }),
  };
}

function textSource(source: DataSource | undefined): TextSource | undefined {
  switch (source?.specifier.case) {
    case 'filename':
      return { kind: 'file', path: source.specifier.value };
    case 'inlineString':
      return { kind: 'text', text: source.specifier.value };
    case 'inlineBytes':
      return { kind: 'text', text: Buffer.from(source.specifier.value).toString('utf8') };
    default:
      return undefined;
  }
}

function refused(message: string): ClusterAddress {
  return { kind: 'refused', message };
}

/** The PEM texts, read now. Throws what reading a file throws. */
export function readTls(files: TlsFiles, read: (path: string) => string): GrpcClientTls {
  const text = (source: TextSource) => (source.kind === 'text' ? source.text : read(source.path));
  return {
    roots: text(files.roots),
    ...(files.key && { key: text(files.key) }),
    ...(files.certificateChain && { certificateChain: text(files.certificateChain) }),
    ...(files.serverName && { serverName: files.serverName }),
  };
}
