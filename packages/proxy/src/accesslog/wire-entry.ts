// An entry of the access log → the bytes of an entry as access log services take it, of a request or of a TCP connection.
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { RequestMethod } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  HTTPAccessLogEntry_HTTPVersion as HttpVersion,
  HTTPAccessLogEntrySchema,
  type HTTPRequestPropertiesSchema,
  type HTTPResponsePropertiesSchema,
  TCPAccessLogEntrySchema,
} from '@meltemi/api/envoy/data/accesslog/v3/accesslog_pb';
import type { AccessLogEntry, HeaderLookup } from '@meltemi/telemetry';
import { commonEntry, type EntryExtras } from './common-entry.ts';

/** Lower-case names of fields that are to be told. */
export interface LoggedHeaders {
  readonly request: readonly string[];
  readonly response: readonly string[];
  readonly trailers: readonly string[];
}

const VERSIONS: Readonly<Record<string, HttpVersion>> = {
  'HTTP/1.0': HttpVersion.HTTP10,
  'HTTP/1.1': HttpVersion.HTTP11,
  'HTTP/2': HttpVersion.HTTP2,
};

export function httpEntry(entry: AccessLogEntry, extras: EntryExtras, headers: LoggedHeaders): Uint8Array {
  const message = create(HTTPAccessLogEntrySchema, {
    commonProperties: commonEntry(entry, extras),
    protocolVersion: VERSIONS[entry.protocol ?? ''] ?? HttpVersion.PROTOCOL_UNSPECIFIED,
    request: requestProperties(entry, headers.request),
    response: responseProperties(entry, headers),
  });
  return toBinary(HTTPAccessLogEntrySchema, message);
}

export function tcpEntry(entry: AccessLogEntry, extras: EntryExtras): Uint8Array {
  const message = create(TCPAccessLogEntrySchema, {
    commonProperties: commonEntry(entry, extras),
    connectionProperties: { receivedBytes: BigInt(entry.bytesReceived), sentBytes: BigInt(entry.bytesSent) },
  });
  return toBinary(TCPAccessLogEntrySchema, message);
}

function requestProperties(
  entry: AccessLogEntry,
  names: readonly string[],
): MessageInitShape<typeof HTTPRequestPropertiesSchema> {
  const field = (name: string) => entry.requestHeaders?.get(name) ?? '';
  const method = RequestMethod[entry.method as keyof typeof RequestMethod] ?? RequestMethod.METHOD_UNSPECIFIED;
  return {
    requestMethod: method,
    scheme: entry.scheme ?? '',
    authority: entry.authority ?? '',
    path: entry.path ?? '',
    userAgent: field('user-agent'),
    referer: field('referer'),
    forwardedFor: field('x-forwarded-for'),
    requestId: field('x-request-id'),
    originalPath: field('x-envoy-original-path'),
    requestHeadersBytes: BigInt(entry.requestHeadersBytes ?? 0),
    requestBodyBytes: BigInt(entry.bytesReceived),
    requestHeaders: wanted(entry.requestHeaders, names),
  };
}

function responseProperties(
  entry: AccessLogEntry,
  headers: LoggedHeaders,
): MessageInitShape<typeof HTTPResponsePropertiesSchema> {
  return {
    ...(entry.responseCode > 0 && { responseCode: entry.responseCode }),
    responseHeadersBytes: BigInt(entry.responseHeadersBytes ?? 0),
    responseBodyBytes: BigInt(entry.bytesSent),
    responseHeaders: wanted(entry.responseHeaders, headers.response),
    responseTrailers: wanted(entry.responseTrailers, headers.trailers),
    responseCodeDetails: entry.responseCodeDetails ?? '',
  };
}

function wanted(fields: HeaderLookup | undefined, names: readonly string[]): { [name: string]: string } {
  const found: { [name: string]: string } = {};
  for (const name of names) {
    const value = fields?.get(name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}
