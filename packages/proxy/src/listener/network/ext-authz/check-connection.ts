// Describes a connection to an authorization server: who is at its ends, as a CheckRequest's bytes.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/attribute_context.proto
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { AttributeContext_PeerSchema } from '@meltemi/api/envoy/service/auth/v3/attribute_context_pb';
import { CheckRequestSchema } from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import type { SocketAddress } from '@meltemi/base';
import type { ConnectionEntry } from '../../../http/stream-entry.ts';

export interface ShownConnection {
  /** Of the destination. */
  readonly labels: Readonly<Record<string, string>>;
  readonly certificate: boolean;
  readonly tlsSession: boolean;
}

export function checkConnection(entry: ConnectionEntry, shown: ShownConnection): Uint8Array {
  const { local, remote, peer, tls, serverName } = entry;
  const principal = peer?.uris[0] ?? peer?.dns[0] ?? peer?.subject ?? '';
  const pem = shown.certificate ? tls?.peer?.pem : undefined;
  const attributes = {
    source: { ...endOf(remote, principal), ...(pem === undefined ? {} : { certificate: encodeURIComponent(pem) }) },
    destination: { ...endOf(local, tls?.localUris[0] ?? ''), labels: shown.labels },
    metadataContext: {},
    ...(shown.tlsSession ? { tlsSession: { sni: serverName ?? '' } } : {}),
  };
  return toBinary(CheckRequestSchema, create(CheckRequestSchema, { attributes }));
}

function endOf({ host, port }: SocketAddress, principal: string): MessageInitShape<typeof AttributeContext_PeerSchema> {
  const portSpecifier = { case: 'portValue' as const, value: port };
  return { address: { address: { case: 'socketAddress', value: { address: host, portSpecifier } } }, principal };
}
