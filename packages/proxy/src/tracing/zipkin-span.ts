// A finished span → the span of Zipkin's API, version 2, as JSON or protobuf. https://zipkin.io/zipkin-api/
import { parseSocketAddress } from '@meltemi/base';
import { bytesField, fixed64Field, textField, varintField } from '../call/protobuf-fields.ts';
import type { FinishedSpan } from './span.ts';

export function zipkinJson(span: FinishedSpan, serviceName: string): Uint8Array {
  const { traceId, spanId, parentId } = span.context;
  const ip = parseSocketAddress(span.localAddress)?.host ?? '';
  return Buffer.from(
    JSON.stringify({
      traceId,
      id: spanId,
      ...(parentId !== undefined && { parentId }),
      kind: span.kind === 'server' ? 'SERVER' : 'CLIENT',
      name: span.name,
      timestamp: micros(span.startMs),
      duration: Math.max(1, micros(span.durationMs)),
      localEndpoint: { serviceName, [ip.includes(':') ? 'ipv6' : 'ipv4']: ip },
      tags: Object.fromEntries(span.tags),
      ...(span.shared && { shared: true }),
    }),
  );
}

/** Field numbers and kinds of https://github.com/openzipkin/zipkin-api/blob/master/zipkin.proto */
const KINDS = { client: 1, server: 2 } as const;

export function zipkinProto(span: FinishedSpan, serviceName: string): Uint8Array {
  const { traceId, spanId, parentId } = span.context;
  return Buffer.concat([
    bytesField(1, Buffer.from(traceId, 'hex')),
    ...(parentId === undefined ? [] : [bytesField(2, Buffer.from(parentId, 'hex'))]),
    bytesField(3, Buffer.from(spanId, 'hex')),
    varintField(4, KINDS[span.kind]),
    textField(5, span.name),
    fixed64Field(6, micros(span.startMs)),
    varintField(7, Math.max(1, micros(span.durationMs))),
    bytesField(8, endpoint(span, serviceName)),
    ...span.tags.map(([key, value]) => bytesField(11, Buffer.concat([textField(1, key), textField(2, value)]))),
    ...(span.shared ? [varintField(13, 1)] : []),
  ]);
}

function endpoint({ localAddress }: FinishedSpan, serviceName: string): Uint8Array {
  const ip = parseSocketAddress(localAddress)?.host ?? '';
  const bytes = /^[\d.]+$/.test(ip) ? Buffer.from(ip.split('.').map(Number)) : undefined;
  return Buffer.concat([textField(1, serviceName), ...(bytes ? [bytesField(2, bytes)] : [])]);
}

function micros(ms: number): number {
  return Math.round(ms * 1000);
}
