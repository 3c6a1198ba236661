// Finds the Telemetries that hold for a proxy: later ones stand before earlier ones.
// https://istio.io/latest/docs/reference/config/telemetry/#Telemetry
import type { LocatedResource, Telemetry } from '@meltemi/config';
import { policiesOf, type PolicyWorkload, targetsOf } from '../policy-target.ts';

/** The root namespace's for all, the proxy's namespace's for all, then those that select the proxy in its namespace. */
export function telemetriesOf(
  telemetries: readonly LocatedResource<Telemetry>[],
  workload: PolicyWorkload,
): readonly Telemetry[] {
  const { namespace, rootNamespace } = workload;
  const forAll = (of: string) => telemetries.find((each) => each.metadata.namespace === of && !isSelecting(each.spec));
  const own = telemetries.filter((each) => each.metadata.namespace === namespace && isSelecting(each.spec));
  const wide = [...new Set([rootNamespace, namespace])].flatMap((of) => forAll(of) ?? []);
  return [...wide, ...policiesOf(own, workload)].map(({ spec }) => spec);
}

function isSelecting(spec: Telemetry): boolean {
  return targetsOf(spec).length > 0 || Object.keys(spec.selector?.matchLabels ?? {}).length > 0;
}
