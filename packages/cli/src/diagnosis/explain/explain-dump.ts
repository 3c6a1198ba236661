// A proxy's dump and a request → why the request goes where it goes, by the sidecar's own code.
import { type Dice, seededDice } from '@meltemi/base';
import { explain, type ExplainStep, normaliseHost, normalisePath } from '@meltemi/decide';
import { CommandError } from '../../terminal.ts';
import type { ConfigDump } from '../config-dump.ts';
import { addressText, type ClusterJson, type ClusterStatusJson } from '../proxy-json.ts';
import { type ExplainedCluster, explainedCluster } from './explained-cluster.ts';
import type { ExplainRequest, HeaderField } from './explain-request.ts';
import { findListener } from './find-listener.ts';
import { type HttpListener, httpListener, trafficOf } from './http-listener.ts';
import { type Outcome, outcomeKey, outcomeOf } from './outcome.ts';

/** The contract of `explain -o json`. */
export interface Explained {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly authority: string;
    readonly path: string;
    readonly headers: readonly HeaderField[];
  };
  readonly listener: { readonly name: string; readonly address: string; readonly reason: string };
  /** Empty for a listener that passes bytes on. */
  readonly routes: string;
  readonly steps: readonly ExplainStep[];
  readonly outcome: Outcome;
  /** Where the outcome is a cluster that the proxy has. */
  readonly cluster?: ExplainedCluster;
  readonly notes: readonly string[];
  /** How often each outcome came in so many requests. */
  readonly split?: readonly { readonly outcome: string; readonly requests: number }[];
}

export interface ExplainInput {
  readonly dump: ConfigDump;
  /** Undefined: nothing is known of endpoints. */
  readonly endpoints: readonly ClusterStatusJson[] | undefined;
  /** What `host:port` of an endpoint is called. */
  readonly workloads: ReadonlyMap<string, string>;
  readonly request: ExplainRequest;
  /** How many requests the split counts; 0: none. */
  readonly times: number;
  /** Of the dice: the same seed gives the same explanation. */
  readonly seed: number;
}

/** Throws CommandError where no listener takes the request, or its routes can't be read. */
export function explainDump(input: ExplainInput): Explained {
  const { dump, request } = input;
  const found = findListener(dump, request);
  if (!found) {
    const where = `${request.host}:${request.port}`;
    throw new CommandError(`no listener of the proxy is for ${where}: ${listenersText(dump)}`);
  }
  const { listener, reason } = found;
  const at = { name: listener.name, address: addressText(listener.address), reason };
  const traffic = trafficOf(listener);
  if (traffic.kind === 'unknown')
    throw new CommandError(`listener ${listener.name} neither speaks HTTP nor passes bytes on`);
  if (traffic.kind === 'tcp') {
    const outcome: Outcome = { kind: 'tcp', cluster: traffic.cluster };
    return explained(input, at, '', request, {
      steps: [],
      outcome,
      notes: [`the listener passes bytes on, to ${traffic.shares}: no route is asked`],
    });
  }
  const http = httpListener(traffic.manager, dump);
  const seen = admitted(request, http, listener.address?.socket_address?.port_value ?? 0);
  const first = decided(seen, http, seededDice(input.seed));
  const notes = http.otherFilters.map(
    (name) => `the filter ${name} runs before the routes; what it does is not explained`,
  );
  return {
    ...explained(input, at, http.routes, 'kind' in seen ? request : seen, { ...first, notes }),
    ...(input.times > 0 && { split: splitOf(seen, http, input) }),
  };
}

function explained(
  { dump, endpoints, workloads }: ExplainInput,
  listener: Explained['listener'],
  routes: string,
  request: ExplainRequest,
  result: { readonly steps: readonly ExplainStep[]; readonly outcome: Outcome; readonly notes: readonly string[] },
): Explained {
  const { method, url, authority, path, fields } = request;
  const cluster = clusterOf(dump, result.outcome);
  const name = 'cluster' in result.outcome ? result.outcome.cluster : undefined;
  const absent = name !== undefined && !cluster ? [`the proxy has no cluster "${name}": it answers with 503 (NC)`] : [];
  return {
    request: { method, url, authority, path, headers: fields },
    listener,
    routes,
    steps: result.steps,
    outcome: result.outcome,
    ...(cluster && { cluster: explainedCluster(cluster, endpoints, workloads) }),
    notes: [...result.notes, ...absent],
  };
}

function clusterOf({ clusters }: ConfigDump, outcome: Outcome): ClusterJson | undefined {
  return 'cluster' in outcome ? clusters.find(({ name }) => name === outcome.cluster) : undefined;
}

/** The request as it is routed, or what it is answered with before. */
function admitted(request: ExplainRequest, http: HttpListener, listenerPort: number): ExplainRequest | Outcome {
  const normal = normalisePath(request.path, http.path);
  if (normal.kind === 'reject') return { kind: 'refused', status: 400, reason: `the path ${request.path} is refused` };
  if (normal.kind === 'redirect') return { kind: 'redirect', status: normal.status, location: normal.path };
  const { stripPort } = http;
  const authority =
    stripPort === 'none'
      ? request.authority
      : normaliseHost(request.authority, { stripPort: stripPort === 'any' ? true : listenerPort });
  return { ...request, authority, path: normal.path };
}

function decided(
  request: ExplainRequest | Outcome,
  http: HttpListener,
  dice: Dice,
): { readonly steps: readonly ExplainStep[]; readonly outcome: Outcome } {
  if ('kind' in request) return { steps: [], outcome: request };
  const { decision, steps } = explain(http.table, request, dice);
  return { steps, outcome: outcomeOf(decision) };
}

function splitOf(request: ExplainRequest | Outcome, http: HttpListener, { times, seed }: ExplainInput) {
  const dice = seededDice(seed);
  const counts = new Map<string, number>();
  for (let sent = 0; sent < times; sent++) {
    const key = outcomeKey(decided(request, http, dice).outcome);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .map(([outcome, requests]) => ({ outcome, requests }))
    .toSorted((a, b) => b.requests - a.requests || (a.outcome < b.outcome ? -1 : 1));
}

function listenersText({ listeners }: ConfigDump): string {
  return listeners.length === 0 ? 'it has none' : `it has ${listeners.map(({ name }) => name).join(', ')}`;
}
