// Turns what a tap shows of a request into a row that shows no secret: only fields that hold none, and of a query the names.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/tap/v3/http.proto
import type { MeshWorkload } from '../mesh-source.ts';
import type { RequestView } from '../views/views.ts';

interface TracedMessage {
  readonly headers?: readonly { readonly key: string; readonly value?: string }[];
  readonly headers_received_time?: string;
}

/** A TraceWrapper in JSON. */
export interface TracedRequest {
  readonly http_buffered_trace?: { readonly request?: TracedMessage; readonly response?: TracedMessage };
}

/** `sequence`: a number for each trace, the only one. Undefined: it is no request of HTTP, or says not when it was. */
export function requestView(trace: TracedRequest, workload: MeshWorkload, sequence: number): RequestView | undefined {
  const { request, response } = trace.http_buffered_trace ?? {};
  const time = request && timeOf(request);
  if (!request || time === undefined) return undefined;
  const asked = fieldsOf(request);
  const path = withoutSecrets(asked.get(':path') ?? '');
  const method = asked.get(':method') ?? '';
  const requestId = asked.get('x-request-id') ?? '';
  return {
    id: `${sequence}`,
    key: requestId === '' ? `${sequence}` : `${requestId} ${method} ${path}`,
    time,
    ...endsOf(workload, asked.get(':authority') ?? '', asked.get('x-forwarded-client-cert')),
    method,
    path,
    status: Number(fieldsOf(response).get(':status') ?? 0),
    durationMs: durationOf(time, response),
    requestId,
    userAgent: asked.get('user-agent') ?? '',
  };
}

/** Sidecars name the certificate of who asks their application, and nobody's when it asks. */
function endsOf(workload: MeshWorkload, authority: string, certificate: string | undefined) {
  if (certificate === undefined && !isOwn(authority, workload)) {
    const server = workload.outbound[authority] ?? authority;
    return { side: 'client' as const, client: workload.name, server, mutualTls: null };
  }
  const client = lastIdentity(certificate ?? '');
  return { side: 'server' as const, client, server: workload.name, mutualTls: certificate !== undefined };
}

/** What comes in plaintext is known by the name that it asks for. */
function isOwn(authority: string, { kind, service, namespace, outbound }: MeshWorkload): boolean {
  if (kind === 'gateway' || service === '' || authority in outbound) return false;
  const [host] = authority.split(':');
  return host === service || host === `${service}.${namespace}` || host!.startsWith(`${service}.${namespace}.svc`);
}

/** The service account of the last proxy's certificate, in the field that names all of them. */
function lastIdentity(forwarded: string): string {
  const uri = [...forwarded.matchAll(/URI=([^;,"]+)/g)].at(-1)?.[1] ?? '';
  return /^spiffe:\/\/[^/]+\/ns\/[^/]+\/sa\/([^/]+)$/.exec(uri)?.[1] ?? uri;
}

/** `/a?token=1&b` → `/a?token=…&b`: values may be secrets, and so may what follows a semicolon. */
function withoutSecrets(path: string): string {
  const [before, query] = splitOnce(path, '?');
  const safe = before.replaceAll(/;[^/]*/g, ';…');
  if (query === undefined) return safe;
  const names = query.split('&').map((pair) => (pair.includes('=') ? `${pair.slice(0, pair.indexOf('='))}=…` : '…'));
  return `${safe}?${names.join('&')}`;
}

function splitOnce(text: string, at: string): readonly [string, string?] {
  const index = text.indexOf(at);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

function durationOf(began: number, response: TracedMessage | undefined): number | null {
  const answered = response && timeOf(response);
  return answered === undefined ? null : Math.max(0, answered - began);
}

function timeOf({ headers_received_time: time }: TracedMessage): number | undefined {
  const milliseconds = Date.parse(time ?? '');
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function fieldsOf(message: TracedMessage | undefined): ReadonlyMap<string, string> {
  return new Map((message?.headers ?? []).map(({ key, value }) => [key.toLowerCase(), value ?? '']));
}
