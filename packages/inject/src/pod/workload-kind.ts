// Kinds of Kubernetes objects that hold a pod: where it stands in them, and what a typed round trip writes out.
import { isRecord, type Path, textAt } from './kubernetes-object.ts';

export interface WorkloadKind {
  readonly kind: string;
  /** API groups; the empty one is the core's. */
  readonly groups: readonly string[];
  /** Where metadata and spec of the pod stand. */
  readonly pod: Path;
  /** Members that Kubernetes' own types write even when they are empty: the original's output has them. */
  readonly typedDefaults: readonly (readonly [Path, unknown])[];
}

const TEMPLATE: Path = ['spec', 'template'];
const NO_REPLICAS = { replicas: 0 };
const NO_PODS = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };

const WORKLOAD_KINDS: readonly WorkloadKind[] = [
  workload('Pod', [''], [], [['status', {}]]),
  workload('ReplicationController', [''], TEMPLATE, [['status', NO_REPLICAS]]),
  workload('ReplicaSet', ['extensions', 'apps'], TEMPLATE, [['status', NO_REPLICAS]]),
  workload('Deployment', ['extensions', 'apps'], TEMPLATE, [
    ['spec.strategy', {}],
    ['status', {}],
  ]),
  workload('DaemonSet', ['extensions', 'apps'], TEMPLATE, [
    ['spec.updateStrategy', {}],
    ['status', NO_PODS],
  ]),
  workload('StatefulSet', ['apps'], TEMPLATE, [
    ['spec.updateStrategy', {}],
    ['status', NO_REPLICAS],
  ]),
  workload('Job', ['batch'], TEMPLATE, [['status', {}]]),
  workload(
    'CronJob',
    ['batch'],
    ['spec', 'jobTemplate', 'spec', 'template'],
    [
      ['spec.jobTemplate.metadata.creationTimestamp', null],
      ['status', {}],
    ],
  ),
  workload('DeploymentConfig', ['', 'apps.openshift.io'], TEMPLATE, []),
];

/** The kind of an object that holds a pod; undefined for every other object. */
export function workloadKind(object: unknown): WorkloadKind | undefined {
  const apiVersion = textAt(object, ['apiVersion']) ?? '';
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const kind = textAt(object, ['kind']);
  return WORKLOAD_KINDS.find((known) => known.kind === kind && known.groups.includes(group));
}

/** The objects of a document: itself, or the items of a List of Kubernetes. */
export function objectPaths(document: unknown): readonly Path[] {
  if (!isRecord(document)) return [];
  const { kind, items } = document;
  if (kind !== 'List' || !Array.isArray(items)) return [[]];
  return items.map((_, index) => ['items', index]);
}

function workload(
  kind: string,
  groups: readonly string[],
  pod: Path,
  more: readonly (readonly [string, unknown])[],
): WorkloadKind {
  const created = [['metadata'], [...pod, 'metadata']].map((path) => [[...path, 'creationTimestamp'], null] as const);
  return {
    kind,
    groups,
    pod,
    typedDefaults: [...created, ...more.map(([path, value]) => [path.split('.'), value] as const)],
  };
}
