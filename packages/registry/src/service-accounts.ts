// The accounts under which a service runs: those of its pods and those that its annotation names.
import type { LocatedResource, Pod } from '@meltemi/config';
import type { Service } from './service.ts';
import type { Workload } from './workload.ts';

/** Annotation of a Service: names of accounts in its namespace, separated by commas. */
const ACCOUNTS = 'alpha.istio.io/kubernetes-serviceaccounts';

/** `silent`: pods for which nobody wrote an account, so that they have the default. */
export function serviceAccounts(
  service: LocatedResource,
  workloads: readonly Workload[],
  silent: ReadonlySet<string>,
): Pick<Service, 'serviceAccounts' | 'writtenAccounts'> {
  const annotated = (service.metadata.annotations[ACCOUNTS] ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const written = workloads.filter(({ namespace, name }) => !silent.has(`${namespace}/${name}`));
  return {
    serviceAccounts: sortedSet([...annotated, ...workloads.map(({ serviceAccount }) => serviceAccount)]),
    writtenAccounts: sortedSet([...annotated, ...written.map(({ serviceAccount }) => serviceAccount)]),
  };
}

/** Names of the pods that say nothing of their account, `namespace/name`. */
export function silentPods(pods: readonly Pod[]): ReadonlySet<string> {
  return new Set(pods.filter(({ spec }) => spec.serviceAccountName === undefined).map(keyOf));
}

const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;

function sortedSet(words: readonly string[]): readonly string[] {
  return [...new Set(words)].sort();
}
