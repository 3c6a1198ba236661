// An explanation → the lines a person reads: one a step, with file and line, and what comes of it at the end.
import type { ExplainStep } from '@meltemi/decide';
import { alignColumns } from '@meltemi/local';
import type { ExplainedCluster, ExplainedEndpoint } from './explained-cluster.ts';
import type { Explained } from './explain-dump.ts';
import type { Outcome } from './outcome.ts';

export function explainText(explained: Explained, from: string): string {
  const { request, listener, outcome, cluster, notes, split } = explained;
  const rows = [
    ['listener', `${listener.name}: ${listener.reason} (${listener.address})`],
    ...explained.steps.map((step) => stepRow(step, outcome)),
    ...(cluster ? clusterRows(cluster) : []),
    ...notes.map((note) => ['note', note]),
  ];
  const headers = request.headers.map(([name, value]) => `  ${name}: ${value}\n`);
  return [
    `${request.method} ${request.url} from ${from}\n${headers.join('')}`,
    alignColumns(rows),
    `It ${resultText(outcome, cluster)}.\n`,
    ...(split ? [splitText(split)] : []),
  ].join('\n');
}

/** Istio's routes often have no name: their place says which one it is. */
function stepRow({ subject, name, source, outcome, reason }: ExplainStep, result: Outcome): readonly string[] {
  const missed = outcome === 'missed';
  const label = missed && (subject === 'route' || subject === 'cluster') ? `not ${subject}` : subject;
  if (subject === 'timeout' || subject === 'retry') return [label, reason];
  const config = subject === 'route' && !missed ? result.route?.config : undefined;
  const place = placeText({ source, config });
  const words = [...(name === '' ? [] : [name]), ...(place === '' ? [] : [place])];
  return [label, words.length === 0 ? reason : `${words.join(', ')}: ${reason}`];
}

interface Place {
  readonly source?: string | undefined;
  readonly config?: string | undefined;
}

function placeText({ source, config }: Place): string {
  const words = [config, source].flatMap((text) => (text === undefined ? [] : [resourceWords(text)]));
  return [...new Set(words)].join(', ');
}

/** `/apis/GROUP/VERSION/namespaces/NS/KIND/NAME` → `KIND NS/NAME`; anything else stays. */
function resourceWords(text: string): string {
  const [, namespace, kind, name] = /^\/apis\/.*\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(text) ?? [];
  return kind === undefined ? text : `${kind} ${namespace}/${name}`;
}

function clusterRows(cluster: ExplainedCluster): readonly (readonly string[])[] {
  const { name, type, transport, balancing, endpoints } = cluster;
  const place = placeText(cluster);
  const unknown = endpoints ? [] : [['endpoints', 'not known here: the dump was made without include_eds']];
  return [
    ['goes to', `${name}: ${type}, ${balancing}, ${transport}${place === '' ? '' : `, ${place}`}`],
    ...(endpoints ?? []).map((endpoint) => ['endpoint', endpointText(endpoint)]),
    ...unknown,
  ];
}

function endpointText({ address, workload, health, outlier, weight, priority }: ExplainedEndpoint): string {
  const words = [
    ...(workload === undefined ? [] : [workload]),
    health,
    ...(outlier === 'FAILED' ? ['ejected'] : []),
    `weight ${weight}`,
    ...(priority > 0 ? [`priority ${priority}`] : []),
  ];
  return `${address}: ${words.join(', ')}`;
}

function resultText(outcome: Outcome, cluster: ExplainedCluster | undefined): string {
  const { fault } = outcome;
  const delay = fault?.delayMs ? `, delayed by ${fault.delayMs} ms` : '';
  if (fault?.abortStatus !== undefined) return `is answered with ${fault.abortStatus} by a fault${delay}`;
  switch (outcome.kind) {
    case 'route':
      return `goes to ${outcome.cluster} as http://${outcome.authority}${outcome.path}${delay}${healthText(cluster)}`;
    case 'tcp':
      return `goes to ${outcome.cluster}, byte by byte${healthText(cluster)}`;
    case 'redirect':
      return `is answered with ${outcome.status}, to ${outcome.location}${delay}`;
    case 'direct':
      return `is answered with ${outcome.status}${delay}`;
    case 'cors-preflight':
      return `is answered with 200, as a CORS preflight${delay}`;
    case 'not-found':
    case 'refused':
      return `is answered with ${outcome.status}: ${outcome.reason}`;
  }
}

function healthText(cluster: ExplainedCluster | undefined): string {
  if (!cluster?.endpoints) return '';
  const able = cluster.endpoints.some(({ health, outlier }) => health !== 'UNHEALTHY' && outlier === 'OK');
  return able ? '' : ', which has no healthy endpoint';
}

function splitText(split: NonNullable<Explained['split']>): string {
  const total = split.reduce((sum, { requests }) => sum + requests, 0);
  const rows = split.map(({ outcome, requests }) => [
    String(requests),
    `${((100 * requests) / total).toFixed(1)} %`,
    outcome,
  ]);
  return alignColumns([['REQUESTS', 'SHARE', 'OUTCOME'], ...rows]);
}
