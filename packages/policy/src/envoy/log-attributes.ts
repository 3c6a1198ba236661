// What an Envoy logs of a request or a connection that is over → its attributes.
import type {
  AccessLogCommon,
  HTTPAccessLogEntry,
  TCPAccessLogEntry,
} from '@meltemi/api/envoy/data/accesslog/v3/accesslog_pb';
import { RequestMethod } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { addText, attributeTimeOf, type Attributes, type AttributeTime, readForwarded } from '@meltemi/api/mixer';

import { CHECKED } from './authorization-service.ts';
import { addClaims, addPeer, type AttributeMap } from './call-attributes.ts';

/** Where the filter that asks leaves what it was told. */
const AUTHORIZED = 'envoy.filters.http.ext_authz';

/** `caller`: of the workload that requests come to. What a check saw of the request stands as it was then. */
export function requestLogAttributes(entry: HTTPAccessLogEntry, caller: Attributes): Attributes {
  const { commonProperties: common, request, response } = entry;
  const attributes: AttributeMap = new Map();
  if (common) addCommon(attributes, common);
  if (request) addRequest(attributes, entry);
  for (const [name, value] of caller) attributes.set(name, value);
  for (const [name, value] of checkedAttributes(common)) attributes.set(name, value);
  const start = common?.startTime && attributeTimeOf('timestamp', common.startTime);
  if (start) attributes.set('request.time', start);
  addEnd(attributes, start, common, ['response.duration', 'response.time']);
  attributes.set('request.size', request?.requestBodyBytes ?? 0n);
  attributes.set('request.total_size', (request?.requestBodyBytes ?? 0n) + (request?.requestHeadersBytes ?? 0n));
  if (!response) return attributes;
  attributes.set('response.code', BigInt(response.responseCode ?? 0));
  attributes.set('response.size', response.responseBodyBytes);
  attributes.set('response.total_size', response.responseBodyBytes + response.responseHeadersBytes);
  attributes.set('response.headers', new Map(Object.entries(response.responseHeaders)));
  return attributes;
}

export function connectionLogAttributes(entry: TCPAccessLogEntry, caller: Attributes): Attributes {
  const { commonProperties: common, connectionProperties: connection } = entry;
  const attributes: AttributeMap = new Map([['context.protocol', 'tcp']]);
  if (common) addCommon(attributes, common);
  for (const [name, value] of caller) attributes.set(name, value);
  const start = common?.startTime && attributeTimeOf('timestamp', common.startTime);
  addEnd(attributes, start, common, ['connection.duration', 'context.time']);
  addText(attributes, 'connection.id', common?.streamId);
  attributes.set('connection.event', 'close');
  for (const [name, bytes] of [
    ['received', connection?.receivedBytes ?? 0n],
    ['sent', connection?.sentBytes ?? 0n],
  ] as const) {
    attributes.set(`connection.${name}.bytes`, bytes);
    attributes.set(`connection.${name}.bytes_total`, bytes);
  }
  return attributes;
}

function addCommon(attributes: AttributeMap, common: AccessLogCommon): void {
  const { downstreamDirectRemoteAddress, downstreamRemoteAddress, metadata, startTime, tlsProperties: tls } = common;
  const names = tls?.peerCertificateProperties?.subjectAltName ?? [];
  const uris = names.flatMap(({ san }) => (san.case === 'uri' ? [san.value] : []));
  addPeer(attributes, { address: downstreamDirectRemoteAddress ?? downstreamRemoteAddress, uris, metadata });
  addText(attributes, 'connection.requested_server_name', tls?.tlsSniHostname);
  addClaims(attributes, metadata);
  if (!startTime) return;
  attributes.set('context.time', attributeTimeOf('timestamp', startTime));
  attributes.set('context.timestamp', attributeTimeOf('timestamp', startTime));
}

function addRequest(attributes: AttributeMap, { request, response }: HTTPAccessLogEntry): void {
  const { path, authority, scheme, userAgent, referer, requestId, requestHeaders, requestMethod } = request!;
  attributes.set('request.path', path);
  attributes.set('request.host', authority);
  attributes.set('request.scheme', scheme);
  attributes.set('request.method', RequestMethod[requestMethod] ?? '');
  attributes.set('request.headers', new Map(Object.entries(requestHeaders)));
  addText(attributes, 'request.useragent', userAgent);
  addText(attributes, 'request.referer', referer);
  addText(attributes, 'request.id', requestId);
  const type = requestHeaders['content-type'] ?? response?.responseHeaders['content-type'] ?? '';
  attributes.set('context.protocol', type.startsWith('application/grpc') ? 'grpc' : 'http');
}

function checkedAttributes(common: AccessLogCommon | undefined): Attributes {
  const field = common?.metadata?.filterMetadata[AUTHORIZED]?.[CHECKED];
  return readForwarded(typeof field === 'string' ? field : undefined);
}

/** Names of the attributes for how long it took, and for when it was over. */
function addEnd(
  attributes: AttributeMap,
  start: AttributeTime | undefined,
  common: AccessLogCommon | undefined,
  [length, end]: readonly [string, string],
): void {
  const took = common?.timeToLastDownstreamTxByte ?? common?.duration;
  if (!took || !start) return;
  const duration = attributeTimeOf('duration', took);
  attributes.set(length, duration);
  attributes.set(end, { kind: 'timestamp', nanoseconds: start.nanoseconds + duration.nanoseconds });
}
