// A request, and later its response → the attributes that Mixer knows of them.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { addText, addToken, attributeTime, type AttributeValue, TOKENS_NAMESPACE } from '@meltemi/api/mixer';
import type { Headers } from '@meltemi/wire';
import { isGrpcRequest } from '../../grpc-answer.ts';
import type { StreamEntry } from '../../stream-entry.ts';
import { utf8Text } from '../ext-authz/shown-headers.ts';

type Bag = Map<string, AttributeValue>;

/** What is known before the request goes on. */
export function addRequest(attributes: Bag, entry: StreamEntry): void {
  const { headers, path, method, authority, scheme, startTimeMs, connection } = entry;
  const fields = fieldsOf(headers);
  fields.set(':path', path);
  fields.set(':method', method);
  fields.set(':authority', authority);
  attributes.set('request.headers', fields);
  attributes.set('request.path', path);
  attributes.set('request.method', method);
  attributes.set('request.host', authority);
  attributes.set('request.scheme', scheme);
  attributes.set('request.time', attributeTime('timestamp', startTimeMs));
  addText(attributes, 'request.useragent', fields.get('user-agent'));
  addText(attributes, 'request.referer', fields.get('referer'));
  addText(attributes, 'request.id', fields.get('x-request-id'));
  attributes.set('context.protocol', isGrpcRequest(headers) ? 'grpc' : 'http');
  attributes.set('context.time', attributeTime('timestamp', startTimeMs));
  attributes.set('context.timestamp', attributeTime('timestamp', startTimeMs));
  attributes.set('connection.mtls', (connection.peer?.uris.length ?? 0) > 0);
  addText(attributes, 'connection.requested_server_name', connection.serverName);
  const claims = entry.metadata?.[TOKENS_NAMESPACE]?.['payload'];
  if (isObject(claims)) addToken(attributes, claims);
}

/** What is known when the request is over. */
export function addResponse(attributes: Bag, entry: StreamEntry): void {
  const { responseHeaders, responseCode, bytesReceived, bytesSent, startTimeMs, durationMs } = entry;
  attributes.set('request.size', BigInt(bytesReceived));
  attributes.set('request.total_size', BigInt(bytesReceived + entry.requestHeadersBytes));
  attributes.set('response.code', BigInt(responseCode));
  attributes.set('response.size', BigInt(bytesSent));
  attributes.set('response.total_size', BigInt(bytesSent + entry.responseHeadersBytes));
  attributes.set('response.duration', attributeTime('duration', durationMs));
  attributes.set('response.time', attributeTime('timestamp', startTimeMs + durationMs));
  if (responseHeaders) attributes.set('response.headers', fieldsOf(responseHeaders));
}

function fieldsOf(headers: Headers): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of headers.entries()) {
    const known = fields.get(name);
    fields.set(name, known === undefined ? utf8Text(value) : `${known},${utf8Text(value)}`);
  }
  return fields;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
