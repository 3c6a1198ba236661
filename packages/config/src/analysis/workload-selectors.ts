// Objects that pick workloads → those that pick none, and pods that several of them pick.
import type { Labels, Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import { CODE } from '../problem-code.ts';
import { picked, type Workload } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { enumerate, findingAt, formatLabels } from './finding.ts';
import { isAmbient, isAmbientNamespace, namespacesOf } from './in-mesh.ts';

/** An object, the labels that it picks by (undefined: it is for its namespace), and where it says so. */
interface Selecting {
  readonly resource: LocatedResource;
  readonly labels: Labels | undefined;
  readonly path: string;
}

/** What two of them mean: which codes, and whether a proxy must be there for them to have an effect. */
interface Words {
  readonly conflict: string;
  readonly several: string;
  readonly needsSidecar: boolean;
}

export function analyzeSidecars(subject: Subject): Problem[] {
  const all = subject.view.objects('Sidecar').map((resource): Selecting => {
    const { labels = {} } = resource.spec.workloadSelector ?? {};
    const isForAll = Object.keys(labels).length === 0;
    return { resource, labels: isForAll ? undefined : labels, path: 'spec.workloadSelector' };
  });
  const words = { conflict: CODE.conflictingSidecars, several: CODE.severalDefaultSidecars, needsSidecar: true };
  return [...selectingProblems(all, words, subject), ...defaultProblems(all, words, subject)];
}

export function analyzeTelemetrySelectors(subject: Subject): Problem[] {
  return selectingProblems(telemetries(subject), TELEMETRY, subject);
}

export function analyzeDefaultTelemetries(subject: Subject): Problem[] {
  return defaultProblems(telemetries(subject), TELEMETRY, subject);
}

const TELEMETRY: Words = {
  conflict: CODE.conflictingTelemetries,
  several: CODE.severalDefaultTelemetries,
  needsSidecar: false,
};

function telemetries({ view }: Subject): Selecting[] {
  return view.objects('Telemetry').map((resource) => {
    const { selector } = resource.spec;
    return { resource, labels: selector && (selector.matchLabels ?? {}), path: 'spec.selector' };
  });
}

function selectingProblems(all: readonly Selecting[], words: Words, subject: Subject): Problem[] {
  const selecting = all.filter(({ labels }) => labels !== undefined && Object.keys(labels).length > 0);
  const pickers = new Map<Workload, Selecting[]>();
  const idle = selecting.filter((one) => {
    const own = picked(subject.world.workloads, one.labels!, one.resource.metadata.namespace);
    for (const workload of own) pickers.set(workload, [...(pickers.get(workload) ?? []), one]);
    return own.length === 0;
  });
  const shared = Array.from(pickers).flatMap(([workload, several]) => sharedProblems(workload, several, words));
  return [...idle.map(pickingNone), ...onceEach(shared)];
}

function pickingNone({ resource, labels, path }: Selecting): Problem {
  const message = `no pod of ${resource.metadata.namespace} has the labels ${formatLabels(labels!)}`;
  return findingAt(resource, path, { code: CODE.referenceNotFound, message });
}

function sharedProblems(workload: Workload, several: readonly Selecting[], words: Words): Problem[] {
  if (words.needsSidecar && isAmbient(workload)) {
    return several.map(({ resource, path }) => withoutEffect(resource, path, workload.resource.metadata.name));
  }
  if (several.length < 2) return [];
  const { kind, metadata } = workload.resource;
  const names = enumerate(several.map(({ resource }) => resource.metadata.name));
  const message = `${names} all pick the ${kind} ${metadata.name}: one of them counts`;
  return several.map(({ resource, path }) => findingAt(resource, path, { code: words.conflict, message }));
}

function defaultProblems(all: readonly Selecting[], { several, needsSidecar }: Words, subject: Subject): Problem[] {
  const namespaces = namespacesOf(subject);
  const byNamespace = Map.groupBy(
    all.filter(({ labels }) => labels === undefined),
    ({ resource }) => resource.metadata.namespace,
  );
  return Array.from(byNamespace).flatMap(([namespace, ofAll]) => {
    if (needsSidecar && isAmbientNamespace(namespaces.get(namespace))) {
      return ofAll.map(({ resource }) => withoutEffect(resource, 'metadata.namespace', namespace));
    }
    if (ofAll.length < 2) return [];
    const names = enumerate(ofAll.map(({ resource }) => resource.metadata.name));
    const message = `${names} all are for the whole namespace ${namespace}: one of them counts`;
    return ofAll.map(({ resource }) => findingAt(resource, 'metadata.name', { code: several, message }));
  });
}

function withoutEffect(resource: LocatedResource, path: string, name: string): Problem {
  const message = `${name} is in ambient mode: without a sidecar this has no effect`;
  return findingAt(resource, path, { code: CODE.withoutEffect, message });
}

function onceEach(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((one) => [JSON.stringify([one.resource, one.code, one.message]), one])).values()];
}
