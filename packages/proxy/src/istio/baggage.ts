// Reads who a workload is from the W3C baggage that a peer sends along.
// https://www.w3.org/TR/baggage/ and Istio's keys: https://istio.io/latest/docs/reference/config/metrics/
import { NO_WORKLOAD, type Workload } from './workload.ts';

const MAX_LENGTH = 8_192;

/** Undefined: it says nothing of a workload. */
export function workloadOfBaggage(baggage: string | undefined): Workload | undefined {
  if (baggage === undefined || baggage.length > MAX_LENGTH) return undefined;
  const members = new Map(baggage.split(',').flatMap(member));
  const first = (...keys: readonly string[]) => keys.map((key) => members.get(key)).find((value) => value) ?? '';
  const workload: Workload = {
    ...NO_WORKLOAD,
    name: first('k8s.deployment.name', 'k8s.cronjob.name', 'k8s.job.name', 'k8s.pod.name'),
    namespace: first('k8s.namespace.name'),
    cluster: first('k8s.cluster.name'),
    canonicalName: first('service.name'),
    canonicalRevision: first('service.version'),
    app: first('app.name', 'service.name'),
    version: first('app.version', 'service.version'),
  };
  return Object.values(workload).some((value) => typeof value === 'string' && value !== '') ? workload : undefined;
}

/** Properties after a semicolon are left out. */
function member(text: string): readonly (readonly [string, string])[] {
  const [pair = ''] = text.split(';', 1);
  const equals = pair.indexOf('=');
  if (equals <= 0) return [];
  return [[pair.slice(0, equals).trim(), decoded(pair.slice(equals + 1).trim())]];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
