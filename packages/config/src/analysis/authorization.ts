// AuthorizationPolicies for nobody, or about namespaces that are not there.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { AuthorizationPolicy } from '../model/authorization-policy.ts';
import { CODE } from '../problem-code.ts';
import { picked, type Workload } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { findingAt, formatLabels, hintAt } from './finding.ts';
import { isAmbient, isInMesh, namespacesOf } from './in-mesh.ts';
import { rootNamespace } from './mesh-defaults.ts';

type Policy = LocatedResource<AuthorizationPolicy>;

export function analyzeAuthorization(subject: Subject): Problem[] {
  const namespaces = namespacesOf(subject);
  const inMesh = subject.world.workloads.filter((one) => isInMesh(one, namespaces) || isAmbient(one));
  const names = [...namespaces.keys()];
  return subject.view
    .objects('AuthorizationPolicy')
    .flatMap((policy) => [
      ...withoutWorkload(policy, inMesh, rootNamespace(subject.mesh)),
      ...unknownNamespaces(policy, names),
    ]);
}

/** A policy of the root namespace is for all of them. */
function withoutWorkload(policy: Policy, inMesh: readonly Workload[], root: string): Problem[] {
  const { namespace } = policy.metadata;
  const { selector } = policy.spec;
  if (namespace === root && !selector) return [];
  const labels = selector?.matchLabels ?? {};
  if (picked(inMesh, labels, namespace === root ? undefined : namespace).length > 0) return [];
  const which = selector ? ` with the labels ${formatLabels(labels)}` : '';
  const message = `no pod of the mesh${namespace === root ? '' : ` in ${namespace}`}${which} is there: the policy is for nobody`;
  return [findingAt(policy, selector ? 'spec.selector' : 'metadata.name', { code: CODE.noWorkload, message })];
}

function unknownNamespaces(policy: Policy, names: readonly string[]): Problem[] {
  return (policy.spec.rules ?? []).flatMap(({ from = [] }, rule) =>
    from.flatMap(({ source }, index) =>
      (['namespaces', 'notNamespaces'] as const).flatMap((field) =>
        (source[field] ?? []).flatMap((written, at) => {
          if (names.some((name) => matches(written, name)) || written === '*') return [];
          const path = `spec.rules[${rule}].from[${index}].source.${field}[${at}]`;
          const message = `there is no namespace "${written}"`;
          return [findingAt(policy, path, { code: CODE.referenceNotFound, message, hint: hintAt(written, names) })];
        }),
      ),
    ),
  );
}

/** With a `*` at one end: a suffix or a prefix. */
function matches(written: string, name: string): boolean {
  if (written.startsWith('*')) return name.endsWith(written.slice(1));
  if (written.endsWith('*')) return name.startsWith(written.slice(0, -1));
  return written.toLowerCase() === name.toLowerCase();
}
