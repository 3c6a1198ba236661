// Turns an expression about a request into a text, for the labels that users add to metrics.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
import { Environment } from '@marcbachmann/cel-js';
import type { StreamEntry } from '../http/stream-entry.ts';
import { FilterConfigError } from '../http/http-config-error.ts';
import { DOWNSTREAM_PEER, UPSTREAM_PEER } from './peer-state.ts';
import { NO_WORKLOAD, type Workload } from './workload.ts';

/** What it says of a request; `unknown` where it says nothing. */
export type Expression = (entry: StreamEntry) => string;

const MAX_LENGTH = 1024;

const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });

/** Throws FilterConfigError. `place`: for the message. */
export function compileExpression(text: string, place: string): Expression {
  const evaluate = parsed(text, place);
  return (entry) => {
    try {
      return shown(evaluate(attributes(entry)));
    } catch {
      return 'unknown';
    }
  };
}

function parsed(text: string, place: string): (values: Record<string, unknown>) => unknown {
  if (text.length > MAX_LENGTH)
    throw new FilterConfigError('BAD_FILTER', `${place}: longer than ${MAX_LENGTH} characters`);
  try {
    return environment.parse(text);
  } catch (error) {
    const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n');
    throw new FilterConfigError('BAD_FILTER', `${place}: ${text}: ${reason}`);
  }
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'unknown';
  return typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | bigint | boolean}`;
}

function attributes(entry: StreamEntry): Record<string, unknown> {
  const { connection } = entry;
  const state = (key: string) => peerValue(entry.filterState?.get(key) as Workload | undefined);
  return {
    request: {
      path: entry.path,
      url_path: entry.path.split('?', 1)[0],
      host: entry.authority,
      scheme: entry.scheme,
      method: entry.method,
      protocol: entry.protocol ?? '',
      headers: Object.fromEntries(entry.headers.entries()),
      id: entry.headers.get('x-request-id') ?? '',
      useragent: entry.headers.get('user-agent') ?? '',
      referer: entry.headers.get('referer') ?? '',
      size: BigInt(entry.bytesReceived),
    },
    response: {
      code: BigInt(entry.responseCode),
      code_details: entry.responseCodeDetails ?? '',
      flags: entry.responseFlags ?? '',
      headers: Object.fromEntries(entry.responseHeaders?.entries() ?? []),
      size: BigInt(entry.bytesSent),
    },
    source: { address: connection.remoteAddress },
    destination: { address: connection.localAddress, port: BigInt(connection.local.port) },
    connection: {
      mtls: connection.tls?.peer !== undefined,
      requested_server_name: connection.serverName ?? '',
      tls_version: connection.tls?.version ?? '',
      uri_san_peer_certificate: connection.tls?.peer?.uris[0] ?? '',
      subject_peer_certificate: connection.tls?.peer?.subject ?? '',
    },
    upstream: { address: entry.upstreamHost ?? '' },
    xds: { route_name: entry.routeName ?? '', cluster_name: entry.upstreamCluster ?? '' },
    metadata: { filter_metadata: entry.metadata ?? {} },
    filter_state: Object.fromEntries(entry.filterState ?? []),
    downstream_peer: state(DOWNSTREAM_PEER),
    upstream_peer: state(UPSTREAM_PEER),
  };
}

function peerValue(peer: Workload = NO_WORKLOAD) {
  const { labels, namespace, name, cluster, app, version, canonicalName, canonicalRevision } = peer;
  return {
    name: peer.instance,
    namespace,
    workload: name,
    cluster,
    app,
    version,
    service: canonicalName,
    revision: canonicalRevision,
    labels,
  };
}
