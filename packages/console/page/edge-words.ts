// Says what an edge is in one sentence.
import type { EdgeView, EndView } from '../src/views/views.ts';
import { MUTUAL_TLS_WORDS, spokenTraffic } from './words.ts';

export function edgeWords({ from, to, mutualTls, traffic }: EdgeView): string {
  return `${endName(from)} to ${endName(to)}: ${spokenTraffic(traffic)}, ${MUTUAL_TLS_WORDS[mutualTls]}`;
}

/** The workload, or where none is known the service. */
export function endName({ service, workload }: EndView): string {
  if (service === 'outside') return 'outside the mesh';
  return workload || service.slice(service.indexOf('/') + 1);
}
