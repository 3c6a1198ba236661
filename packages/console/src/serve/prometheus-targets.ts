// Tells a Prometheus what there is to scrape, as its discovery over HTTP asks.
// https://prometheus.io/docs/prometheus/latest/http_sd/
import type { MeshMembers } from '../mesh-source.ts';

export interface PrometheusTargets {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export function prometheusTargets({ workloads, controlPlane }: MeshMembers): readonly PrometheusTargets[] {
  const sidecars = workloads.map(({ admin, namespace, pod, service, name }) => ({
    targets: [admin],
    labels: { __metrics_path__: '/stats/prometheus', namespace, pod, app: service || name, job: 'sidecars' },
  }));
  if (controlPlane.metrics === '') return sidecars;
  const pilot = { __metrics_path__: '/metrics', namespace: 'istio-system', app: 'istiod', job: 'pilot' };
  return [...sidecars, { targets: [controlPlane.metrics], labels: pilot }];
}
