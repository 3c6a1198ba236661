// Shows the configuration as the control plane has read it: its objects, what is wrong with them, and who has taken it.
import { relative } from 'node:path';
import { formatResourceName, formatSource, type Problem, type ResourceName } from '@meltemi/base';
import type { MeshMembers } from '../mesh-source.ts';
import type { ConfigObjectView, ConfigView, ProblemView, SidecarSyncView } from './views.ts';

/** An object of the control plane's page `configz`. */
export interface ConfigzObject {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
  /** `file:line` */
  readonly source: string;
}

/** A proxy of the control plane's page `syncz`. */
export interface SyncedProxy {
  /** `pod.namespace` */
  readonly proxy: string;
  readonly resources: Readonly<
    Record<string, { readonly sent?: string; readonly acked?: string; readonly lastError?: unknown }>
  >;
}

export interface ControlPlaneSaid {
  readonly objects: readonly ConfigzObject[];
  readonly problems: readonly Problem[];
  readonly proxies: readonly SyncedProxy[];
}

export function configView(said: ControlPlaneSaid, members: MeshMembers, answering: boolean): ConfigView {
  const problems = [...members.problems, ...said.problems];
  const place = (text: string) => shortPlace(text, members.configDirectory);
  const objects = said.objects
    .filter(({ source }) => !source.startsWith(`${members.stateDirectory}/`))
    .map((object) => objectView(object, problems, place));
  const named = [...objects, ...refusedObjects(problems, objects, place)].toSorted(byKindAndName);
  return {
    answering,
    objects: named,
    problems: problems
      .filter(({ resource }) => !resource || !named.some((object) => isNamed(object, resource)))
      .map((problem) => problemView(problem, place)),
    sidecars: members.workloads.map(({ name, pod, namespace }) =>
      syncView(
        name,
        said.proxies.find(({ proxy }) => proxy === `${pod}.${namespace}`),
      ),
    ),
  };
}

function objectView(
  { kind, metadata: { namespace, name }, source }: ConfigzObject,
  problems: readonly Problem[],
  place: (text: string) => string,
): ConfigObjectView {
  const own = problems.filter(({ resource }) => resource && isNamed({ kind, namespace, name }, resource));
  return { kind, namespace, name, place: place(source), ...judged(own, place) };
}

/** What is refused is no object of the control plane. */
function refusedObjects(
  problems: readonly Problem[],
  shown: readonly ResourceName[],
  place: (text: string) => string,
): readonly ConfigObjectView[] {
  const byName = Map.groupBy(problems, ({ resource }) => (resource ? formatResourceName(resource) : ''));
  return [...byName.values()].flatMap((own) => {
    const { resource, source } = own[0]!;
    if (!resource || resource.name === '' || shown.some((object) => isNamed(object, resource))) return [];
    return [{ ...resource, place: source ? place(formatSource(source)) : '', ...judged(own, place) }];
  });
}

function judged(problems: readonly Problem[], place: (text: string) => string) {
  const worst = problems.some(({ severity }) => severity === 'error') ? 'refused' : 'warning';
  const state: ConfigObjectView['state'] = problems.length === 0 ? 'active' : worst;
  return { state, problems: problems.map((problem) => problemView(problem, place)) };
}

function problemView(problem: Problem, place: (text: string) => string): ProblemView {
  const { severity, code, message, hint = '', source, resource } = problem;
  return {
    severity,
    code,
    message,
    hint,
    place: source ? place(formatSource(source)) : '',
    object: resource ? formatResourceName(resource) : '',
  };
}

function syncView(name: string, proxy: SyncedProxy | undefined): SidecarSyncView {
  if (!proxy) return { name, state: 'not connected', error: '' };
  const resources = Object.values(proxy.resources);
  const failed = resources.find(({ lastError }) => lastError !== undefined);
  if (failed) return { name, state: 'refused', error: wordsOf(failed.lastError) };
  const pending = resources.some(({ sent, acked }) => sent !== acked);
  return { name, state: pending ? 'pending' : 'synced', error: '' };
}

function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message } = error as { readonly message?: unknown };
  return typeof message === 'string' ? message : JSON.stringify(error);
}

function shortPlace(place: string, directory: string): string {
  return place.startsWith('/') ? relative(directory, place) : place;
}

function isNamed(a: ResourceName, b: ResourceName): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}

function byKindAndName(a: ResourceName, b: ResourceName): number {
  return formatResourceName(a) < formatResourceName(b) ? -1 : 1;
}
