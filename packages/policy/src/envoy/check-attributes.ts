// What an Envoy asks about a request or a connection → its attributes.
import type { AttributeContext } from '@meltemi/api/envoy/service/auth/v3/attribute_context_pb';
import type { AttributeContext_HttpRequest as HttpRequest } from '@meltemi/api/envoy/service/auth/v3/attribute_context_pb';
import { addText, attributeTimeOf, type Attributes } from '@meltemi/api/mixer';

import { addClaims, addPeer, type AttributeMap } from './call-attributes.ts';

/** `caller`: of the workload that requests come to; nothing that a request says stands above it. */
export function checkAttributes(context: AttributeContext, caller: Attributes): Attributes {
  const { source, request, metadataContext: metadata, tlsSession } = context;
  const attributes: AttributeMap = new Map();
  const uris = source?.principal ? [source.principal] : [];
  addPeer(attributes, { address: source?.address, uris, metadata });
  if (request?.http) addHttp(attributes, request.http);
  else attributes.set('context.protocol', 'tcp');
  if (request?.time) addTime(attributes, attributeTimeOf('timestamp', request.time), request.http !== undefined);
  addText(attributes, 'connection.requested_server_name', tlsSession?.sni);
  addClaims(attributes, metadata);
  for (const [name, value] of caller) attributes.set(name, value);
  return attributes;
}

function addHttp(attributes: AttributeMap, { headers, path, method, host, scheme, id }: HttpRequest): void {
  attributes.set('request.headers', new Map(Object.entries(headers)));
  attributes.set('request.path', path);
  attributes.set('request.method', method);
  attributes.set('request.host', host);
  attributes.set('request.scheme', scheme);
  addText(attributes, 'request.useragent', headers['user-agent']);
  addText(attributes, 'request.referer', headers['referer']);
  addText(attributes, 'request.id', headers['x-request-id'] ?? id);
  attributes.set('context.protocol', isGrpc(headers['content-type']) ? 'grpc' : 'http');
}

function addTime(attributes: AttributeMap, time: ReturnType<typeof attributeTimeOf>, isRequest: boolean): void {
  if (isRequest) attributes.set('request.time', time);
  attributes.set('context.time', time);
  attributes.set('context.timestamp', time);
}

function isGrpc(type: string | undefined): boolean {
  return type === 'application/grpc' || type?.startsWith('application/grpc+') === true;
}
