// Sorts the rises of Istio's metrics into amounts: one a flow and reporter.
import type { Labels } from '@meltemi/base';
import type { PrometheusSample } from '@meltemi/telemetry';
import type { Amount } from './amount.ts';
import { type Flow, flowOf } from './flow.ts';

export type Reporter = 'source' | 'destination';

export interface CountedFlow {
  readonly flow: Flow;
  readonly reporter: Reporter;
  readonly amount: Amount;
}

type Counting = { -readonly [Field in 'requests' | 'errors' | 'bytes' | 'mutual' | 'plain']: number } & {
  readonly codes: Map<string, number>;
  readonly buckets: Map<number, number>;
};

/** Codes of gRPC that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const GRPC_FAULTS: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15']);

/** `risen`: how much each series rose. */
export function countSamples(risen: readonly PrometheusSample[]): readonly CountedFlow[] {
  const counted = new Map<string, CountedFlow & { readonly amount: Counting }>();
  for (const sample of risen) {
    const flow = flowOf(sample.labels);
    if (!flow) continue;
    const reporter = sample.labels['reporter'] === 'source' ? 'source' : 'destination';
    const key = `${reporter}|${flow.id}`;
    const known = counted.get(key) ?? { flow, reporter, amount: startCounting() };
    counted.set(key, known);
    count(known.amount, sample);
  }
  return [...counted.values()];
}

function startCounting(): Counting {
  return { requests: 0, errors: 0, bytes: 0, mutual: 0, plain: 0, codes: new Map(), buckets: new Map() };
}

function count(amount: Counting, { name, labels, value }: PrometheusSample): void {
  switch (name) {
    case 'istio_requests_total':
      countRequests(amount, labels, value);
      break;
    case 'istio_request_duration_milliseconds_bucket':
      add(amount.buckets, labels['le'] === '+Inf' ? Infinity : Number(labels['le']), value);
      break;
    case 'istio_tcp_connections_opened_total':
      countSecurity(amount, labels, value);
      break;
    case 'istio_tcp_sent_bytes_total':
    case 'istio_tcp_received_bytes_total':
      amount.bytes += value;
      break;
    default:
  }
}

function countRequests(amount: Counting, labels: Labels, value: number): void {
  const code = labels['response_code'] ?? '';
  amount.requests += value;
  if (isFault(code, labels['grpc_response_status'] ?? '')) amount.errors += value;
  add(amount.codes, code, value);
  countSecurity(amount, labels, value);
}

function countSecurity(amount: Counting, { connection_security_policy: policy }: Labels, value: number): void {
  if (policy === 'mutual_tls') amount.mutual += value;
  else if (policy === 'none') amount.plain += value;
}

/** 0 stands for no answer at all. */
function isFault(code: string, grpcStatus: string): boolean {
  return code === '0' || code.startsWith('5') || GRPC_FAULTS.has(grpcStatus);
}

function add<Key>(map: Map<Key, number>, key: Key, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value);
}
