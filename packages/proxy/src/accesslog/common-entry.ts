// An entry of the access log → what `envoy.data.accesslog.v3` says of requests and connections alike.
import { create, fromJson, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Any,
  anyPack,
  StringValueSchema,
  StructSchema,
  type Timestamp,
  TimestampSchema,
} from '@bufbuild/protobuf/wkt';
import type { AddressSchema } from '@meltemi/api/envoy/config/core/v3/address_pb';
import {
  type AccessLogCommon,
  AccessLogCommonSchema,
  AccessLogType,
  TLSProperties_TLSVersion as TlsVersion,
  type TLSPropertiesSchema,
} from '@meltemi/api/envoy/data/accesslog/v3/accesslog_pb';
import { msToDuration, parseSocketAddress } from '@meltemi/base';
import {
  type AccessLogEntry,
  type CertificateFacts,
  logTypeOf,
  type TimePoint,
  timePoint,
  type TlsFacts,
} from '@meltemi/telemetry';
import type { EntryTag } from '../tracing/custom-tag.ts';
import { responseFlagBits } from './response-flag-bits.ts';

/** What a configuration wants to be told beside the entry itself. */
export interface EntryExtras {
  readonly filterState: readonly string[];
  readonly tags: readonly EntryTag[];
}

type CommonFields = Exclude<MessageInitShape<typeof AccessLogCommonSchema>, AccessLogCommon>;

export function commonEntry(entry: AccessLogEntry, extras: EntryExtras): AccessLogCommon {
  const type = logTypeOf(entry);
  return create(AccessLogCommonSchema, {
    ...addresses(entry),
    ...durations(entry),
    ...(entry.downstreamTls && { tlsProperties: tlsProperties(entry.downstreamTls) }),
    startTime: timestamp(entry.startTimeMs),
    upstreamCluster: (entry.upstreamHost && (entry.upstreamClusterRaw ?? entry.upstreamCluster)) || '',
    routeName: entry.routeName ?? '',
    upstreamTransportFailureReason: entry.upstreamTransportFailureReason ?? '',
    upstreamRequestAttemptCount: entry.upstreamRequestAttemptCount,
    connectionTerminationDetails: entry.connectionTerminationDetails ?? '',
    ...(entry.responseFlags && { responseFlags: responseFlagBits(entry.responseFlags) }),
    ...(entry.metadata && { metadata: { filterMetadata: entry.metadata as Record<string, JsonObject> } }),
    filterStateObjects: filterState(entry, extras.filterState),
    customTags: customTags(entry, extras.tags),
    streamId: entry.streamId ?? entry.requestHeaders?.get('x-request-id') ?? '',
    intermediateLogEntry: type !== 'DownstreamEnd' && type !== 'TcpConnectionEnd',
    accessLogType: AccessLogType[type],
  });
}

function addresses(entry: AccessLogEntry): CommonFields {
  const connected = Boolean(entry.upstreamLocalAddress);
  return {
    ...optional('downstreamRemoteAddress', address(entry.downstreamRemoteAddress)),
    ...optional('downstreamDirectRemoteAddress', address(entry.downstreamDirectRemoteAddress)),
    ...optional('downstreamLocalAddress', address(entry.downstreamLocalAddress)),
    ...optional('upstreamLocalAddress', address(entry.upstreamLocalAddress)),
    ...optional('upstreamRemoteAddress', connected || entry.upstreamHost ? address(entry.upstreamHost) : undefined),
  };
}

function address(text: string | undefined): MessageInitShape<typeof AddressSchema> | undefined {
  const socket = text === undefined ? undefined : parseSocketAddress(text);
  if (!socket) return undefined;
  const portSpecifier = { case: 'portValue', value: socket.port } as const;
  return { address: { case: 'socketAddress', value: { address: socket.host, portSpecifier } } };
}

/** The fields of the message, and the points of time that they are of. */
const DURATIONS: readonly (readonly [string, TimePoint])[] = [
  ['timeToLastRxByte', 'DS_RX_END'],
  ['timeToFirstUpstreamTxByte', 'US_TX_BEG'],
  ['timeToLastUpstreamTxByte', 'US_TX_END'],
  ['timeToFirstUpstreamRxByte', 'US_RX_BEG'],
  ['timeToLastUpstreamRxByte', 'US_RX_END'],
  ['timeToFirstDownstreamTxByte', 'DS_TX_BEG'],
  ['timeToLastDownstreamTxByte', 'DS_TX_END'],
];

function durations(entry: AccessLogEntry): CommonFields {
  const known = DURATIONS.flatMap(([field, point]) => {
    const ms = timePoint(entry, point);
    return ms === undefined ? [] : [[field, msToDuration(ms)] as const];
  });
  return { ...Object.fromEntries(known), duration: msToDuration(entry.durationMs) };
}

function timestamp(epochMs: number): Timestamp {
  const seconds = Math.floor(epochMs / 1000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: Math.round((epochMs - seconds * 1000) * 1e6) });
}

const TLS_VERSIONS: Readonly<Record<string, TlsVersion>> = {
  TLSv1: TlsVersion.TLSv1,
  'TLSv1.1': TlsVersion.TLSv1_1,
  'TLSv1.2': TlsVersion.TLSv1_2,
  'TLSv1.3': TlsVersion.TLSv1_3,
};

function tlsProperties({
  version,
  serverName,
  peer,
  localUris,
}: TlsFacts): MessageInitShape<typeof TLSPropertiesSchema> {
  return {
    tlsVersion: TLS_VERSIONS[version] ?? TlsVersion.VERSION_UNSPECIFIED,
    tlsSniHostname: serverName ?? '',
    localCertificateProperties: certificate({ uris: localUris, subject: '' }),
    ...(peer && { peerCertificateProperties: { ...certificate(peer), issuer: peer.issuer } }),
  };
}

/** As Envoy, of the names only those that are URIs. */
function certificate({ uris, subject }: Pick<CertificateFacts, 'uris' | 'subject'>) {
  return { subjectAltName: uris.map((value) => ({ san: { case: 'uri', value } as const })), subject };
}

function filterState(entry: AccessLogEntry, keys: readonly string[]): { [key: string]: Any } {
  const found: { [key: string]: Any } = {};
  for (const key of keys) {
    const value = entry.filterState?.get(key);
    if (value !== undefined) found[key] = packed(value);
  }
  return found;
}

function packed(value: unknown): Any {
  if (typeof value === 'object' && value !== null) {
    return anyPack(StructSchema, fromJson(StructSchema, value as JsonObject));
  }
  return anyPack(StringValueSchema, create(StringValueSchema, { value: String(value) }));
}

function customTags(entry: AccessLogEntry, tags: readonly EntryTag[]): { [key: string]: string } {
  return Object.fromEntries(
    tags.flatMap(({ name, value }) => {
      const text = value(entry);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
