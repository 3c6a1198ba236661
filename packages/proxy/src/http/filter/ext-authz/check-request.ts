// Describes a request to an authorization server that is asked by gRPC.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/attribute_context.proto
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { AttributeContext_PeerSchema } from '@meltemi/api/envoy/service/auth/v3/attribute_context_pb';
import type { AttributeContext_HttpRequestSchema } from '@meltemi/api/envoy/service/auth/v3/attribute_context_pb';
import { CheckRequestSchema } from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import type { SocketAddress } from '@meltemi/base';
import type { StreamEntry } from '../../stream-entry.ts';
import type { AuthzSettings } from './authz-settings.ts';
import { joinedHeaders, PARTIAL_BODY, shownHeaders, utf8Text } from './shown-headers.ts';

/** What of a body the server gets. */
export interface ShownBody {
  readonly bytes: Buffer;
  /** There is more of it. */
  readonly isPartial: boolean;
}

let lastId = 0;

/** The message's bytes. */
export function checkRequest(
  entry: StreamEntry,
  settings: AuthzSettings,
  contextExtensions: Readonly<Record<string, string>>,
  body: ShownBody | undefined,
): Uint8Array {
  const { startTimeMs, connection } = entry;
  const { config, labels } = settings;
  const time = { seconds: BigInt(Math.floor(startTimeMs / 1000)), nanos: (startTimeMs % 1000) * 1_000_000 };
  const attributes = {
    source: sourcePeer(entry, config.includePeerCertificate),
    destination: { ...peer(connection.local, connection.tls?.localUris[0] ?? ''), labels },
    request: { time, http: httpRequest(entry, settings, body) },
    contextExtensions: { ...contextExtensions },
    metadataContext: { filterMetadata: metadataOf(entry, config.metadataContextNamespaces) },
    routeMetadataContext: {},
    ...(config.includeTlsSession ? { tlsSession: { sni: connection.serverName ?? '' } } : {}),
  };
  return toBinary(CheckRequestSchema, create(CheckRequestSchema, { attributes }));
}

type PeerInit = MessageInitShape<typeof AttributeContext_PeerSchema>;

function sourcePeer({ connection, headers, remoteAddress }: StreamEntry, withCertificate: boolean): PeerInit {
  const names = connection.peer;
  const principal = names?.uris[0] ?? names?.dns[0] ?? names?.subject ?? '';
  const pem = withCertificate ? connection.tls?.peer?.pem : undefined;
  const isOwn = remoteAddress === '' || remoteAddress === connection.remote.host;
  return {
    ...peer(isOwn ? connection.remote : { host: remoteAddress, port: 0 }, principal),
    service: utf8Text(headers.get('x-envoy-downstream-service-cluster') ?? ''),
    ...(pem === undefined ? {} : { certificate: encodeURIComponent(pem) }),
  };
}

function peer({ host, port }: SocketAddress, principal: string): PeerInit {
  const portSpecifier = { case: 'portValue' as const, value: port };
  return { address: { address: { case: 'socketAddress', value: { address: host, portSpecifier } } }, principal };
}

type HttpInit = MessageInitShape<typeof AttributeContext_HttpRequestSchema>;

function httpRequest(entry: StreamEntry, settings: AuthzSettings, body: ShownBody | undefined): HttpInit {
  const { config, showsHeader } = settings;
  return {
    id: String(lastId++),
    method: entry.method,
    path: utf8Text(entry.path),
    host: utf8Text(entry.authority),
    scheme: entry.scheme,
    size: BigInt(entry.bytesReceived),
    protocol: entry.protocol ?? '',
    ...(config.encodeRawHeaders ? rawHeaders(entry, showsHeader, body) : plainHeaders(entry, showsHeader, body)),
    ...(body && settings.body?.asBytes
      ? { rawBody: body.bytes }
      : { body: utf8Text(body?.bytes.toString('latin1') ?? '') }),
  };
}

function plainHeaders(entry: StreamEntry, shows: (name: string) => boolean, body: ShownBody | undefined): HttpInit {
  const headers: Record<string, string> = {};
  for (const [name, value] of joinedHeaders(shownHeaders(entry, shows))) headers[name] = utf8Text(value);
  if (body) headers[PARTIAL_BODY] = String(body.isPartial);
  return { headers };
}

function rawHeaders(entry: StreamEntry, shows: (name: string) => boolean, body: ShownBody | undefined): HttpInit {
  const shown = [...shownHeaders(entry, shows), ...(body ? [[PARTIAL_BODY, String(body.isPartial)] as const] : [])];
  return { headerMap: { headers: shown.map(([key, value]) => ({ key, rawValue: Buffer.from(value, 'latin1') })) } };
}

function metadataOf({ metadata }: StreamEntry, namespaces: readonly string[]) {
  const given = namespaces.filter((name) => metadata?.[name]);
  return Object.fromEntries(given.map((name) => [name, metadata![name]!]));
}
