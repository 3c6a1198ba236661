// Istio's annotations on Kubernetes' objects: unknown ones, ones of other kinds, old ones and bad values.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { ANNOTATIONS } from './annotation-table.ts';
import { ANNOTATION_VALUES } from './annotation-values.ts';
import { findingAt, type Found, hintAt } from './finding.ts';
import { INJECT } from './in-mesh.ts';

const KINDS = ['Namespace', 'Service', 'Pod', 'Deployment'] as const;
/** Written by the control plane itself. */
const OWN: ReadonlySet<string> = new Set([
  'sidecar.istio.io/status',
  'gateway.istio.io/controller-version',
  'istio.io/rev',
]);

export function analyzeAnnotations({ view }: Subject): Problem[] {
  return KINDS.flatMap((kind): readonly LocatedResource[] => view.objects(kind)).flatMap((resource) =>
    Object.entries(resource.metadata.annotations)
      .filter(([name]) => isIstios(name) && !OWN.has(name))
      .flatMap(([name, value]) =>
        judge(resource, name, value).map((found) => findingAt(resource, `metadata.annotations["${name}"]`, found)),
      ),
  );
}

function isIstios(name: string): boolean {
  return name === 'kubernetes.io/ingress.class' || name.split('/', 1)[0]!.endsWith('istio.io');
}

function judge({ kind, metadata }: LocatedResource, name: string, value: string): Found[] {
  const known = ANNOTATIONS.get(name);
  if (!known) {
    const message = `Istio has no annotation ${name}`;
    return [{ code: CODE.unknownAnnotation, message, hint: hintAt(name, ANNOTATIONS.keys()) }];
  }
  const isReplaced = name === INJECT && INJECT in metadata.labels;
  const old = known.deprecated && !isReplaced ? [deprecated(name)] : [];
  if (known.kinds.includes('Any')) return old;
  if (!known.kinds.includes(kind)) {
    const message = `${name} is for ${known.kinds.join(', ')}, not for ${kind}`;
    return [...old, { code: CODE.misplacedAnnotation, message }];
  }
  const fault = ANNOTATION_VALUES[name]?.(value);
  return fault ? [...old, { code: CODE.invalidAnnotation, message: `${name}: ${fault}` }] : old;
}

function deprecated(name: string): Found {
  const instead = name === INJECT ? ': use the label of this name' : '';
  return { code: CODE.deprecatedAnnotation, message: `the annotation ${name} is deprecated${instead}` };
}
