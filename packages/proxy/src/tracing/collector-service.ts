// Turns the HttpService of a collector into what sends it a body of spans, and says how it took them.
import type { HttpService } from '@meltemi/api/envoy/config/core/v3/http_service_pb';
import { durationToMs } from '@meltemi/base';
import { Headers } from '@meltemi/wire';
import { callHttp, type HttpCall } from '../call/http-call.ts';
import type { SendSpans } from './span-exporter.ts';
import { TracingConfigError } from './tracing-config-error.ts';
import type { TracingParts } from './tracing-parts.ts';

const TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Where spans go by HTTP, and as what. */
export type Collector = Pick<HttpCall, 'cluster' | 'target' | 'headers' | 'timeoutMs'>;

/** Without a timeout of its own an answer is waited for 5 s. */
export function collectorAt(cluster: string, host: string, target: string, contentType: string): Collector {
  const headers = new Headers();
  headers.set('host', host);
  headers.set('content-type', contentType);
  return { cluster, target, headers, timeoutMs: TIMEOUT_MS };
}

/** `place`: of the service in the configuration. Throws TracingConfigError. */
export function serviceCollector(service: HttpService, contentType: string, place: string): Collector {
  const { httpUri, requestHeadersToAdd } = service;
  const cluster = httpUri?.httpUpstreamType.value ?? '';
  // The host may be missing, and so may the scheme.
  const [, host = '', path = ''] = /^(?:\w+:\/\/)?([^/]*)(.*)$/.exec(httpUri?.uri ?? '') ?? [];
  if (cluster === '' || host + path === '') {
    throw new TracingConfigError('BAD_VALUE', `${place} has no http_uri with a cluster`);
  }
  const collector = collectorAt(cluster, host || cluster, path || '/', contentType);
  for (const { header } of requestHeadersToAdd) {
    if (header) collector.headers.add(header.key.toLowerCase(), header.value);
  }
  return { ...collector, timeoutMs: httpUri?.timeout ? durationToMs(httpUri.timeout) : TIMEOUT_MS };
}

/** `taken`: whether the collector took what it answers with the status. */
export function sendTo(
  collector: Collector,
  taken: (status: number) => boolean,
  { clusters, clock }: TracingParts,
): (body: Uint8Array, done: Parameters<SendSpans>[1]) => void {
  const call = { ...collector, method: 'POST', maxResponseBytes: MAX_ANSWER_BYTES };
  return (body, done) =>
    void callHttp(clusters, { ...call, body }, clock, (result) => {
      if (result.kind === 'failed') done(result.reason === 'no-cluster' ? 'no-cluster' : 'refused');
      else done(taken(result.status) ? 'taken' : 'refused');
    });
}
