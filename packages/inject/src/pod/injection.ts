// A Kubernetes object that holds a pod → the edits that give it a sidecar.
import { type Labels } from '@meltemi/base';

import type { Edit } from './edit.ts';
import { type InjectionDecision, injectionRequired, STATUS } from './injection-decision.ts';
import { type Fields, isRecord, listAt, type Path, textAt, textsAt, valueAt } from './kubernetes-object.ts';
import type { InjectSettings, TrafficSettings } from './settings.ts';
import { SIDECAR_CONTAINER, sidecarParts } from './sidecar.ts';
import type { WorkloadKind } from './workload-kind.ts';

export interface Injection extends InjectionDecision {
  readonly edits: readonly Edit[];
}

/** By the rules of 0.2: what `istioctl kube-inject` and the initializer do. */
export function injection(object: Fields, { pod }: WorkloadKind, settings: InjectSettings): Injection {
  const decision = decide(object, pod, settings);
  return { ...decision, edits: decision.inject ? injectionEdits(object, pod, settings) : [] };
}

/** What a typed round trip of the original writes beside of the sidecar: members that are empty. */
export function typedEdits(object: Fields, { pod, typedDefaults }: WorkloadKind): readonly Edit[] {
  if (!isRecord(valueAt(object, [...pod, 'spec']))) return [];
  const resources = ['initContainers', 'containers'].flatMap((list) =>
    listAt(object, [...pod, 'spec', list]).flatMap((container, index): (readonly [Path, unknown])[] =>
      isRecord(container) ? [[[...pod, 'spec', list, index, 'resources'], {}]] : [],
    ),
  );
  return [...typedDefaults, ...resources]
    .filter(([path]) => valueAt(object, path) === undefined)
    .map(([path, value]) => ({ kind: 'set', path, value }));
}

/** Marks object and pod, and appends the sidecar to the lists of the pod's spec. */
export function injectionEdits(object: unknown, pod: Path, settings: InjectSettings): readonly Edit[] {
  const parts = sidecarParts(
    {
      serviceAccount: serviceAccount(valueAt(object, [...pod, 'spec'])),
      traffic: annotatedTraffic(textsAt(object, [...pod, 'metadata', 'annotations'])),
    },
    settings,
  );
  const marks = pod.length === 0 ? [[]] : [[], pod];
  return [
    ...marks.map((at): Edit => ({
      ...MARK,
      path: [...at, ...MARK.path],
      value: `injected-version-${settings.version}`,
    })),
    ...Object.entries(parts).map(([list, items]): Edit => ({
      kind: 'append',
      path: [...pod, 'spec', list],
      items: items as readonly Fields[],
    })),
  ];
}

const MARK = { kind: 'set', path: ['metadata', 'annotations', STATUS] } as const;

function decide(object: Fields, pod: Path, { policy }: InjectSettings): InjectionDecision {
  const spec = valueAt(object, [...pod, 'spec']);
  if (!isRecord(spec)) return { inject: false, reason: 'it has no pod' };
  // Redirection would change the routing of the whole host.
  if (spec['hostNetwork'] === true) return { inject: false, reason: 'it shares the network of its host' };
  if (hasSidecar(spec)) return { inject: false, reason: 'it has a sidecar already' };
  return injectionRequired(policy, {
    namespace: textAt(object, ['metadata', 'namespace']),
    annotations: textsAt(object, ['metadata', 'annotations']),
  });
}

/** Two containers of one name would make the pod invalid. */
export function hasSidecar(spec: unknown): boolean {
  return ['containers', 'initContainers'].some((list) =>
    listAt(spec, [list]).some((container) => textAt(container, ['name']) === SIDECAR_CONTAINER),
  );
}

function serviceAccount(spec: unknown): string {
  return textAt(spec, ['serviceAccountName']) || textAt(spec, ['serviceAccount']) || 'default';
}

/** Only what is said: a member that is undefined would hide the setting. */
function annotatedTraffic(annotations: Labels): TrafficSettings {
  const names = {
    includeIpRanges: 'includeOutboundIPRanges',
    excludeIpRanges: 'excludeOutboundIPRanges',
    includeInboundPorts: 'includeInboundPorts',
    excludeInboundPorts: 'excludeInboundPorts',
  };
  return Object.fromEntries(
    Object.entries(names).flatMap(([setting, name]) => {
      const value = annotations[`traffic.sidecar.istio.io/${name}`];
      return value === undefined ? [] : [[setting, value]];
    }),
  );
}
