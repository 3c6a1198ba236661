// A view of the configuration → what policy reads of it: resources, and the attributes that manifests declare.
import type { ConfigView, KindName, LocatedResource } from '@meltemi/config';

import { ADAPTER_NAMES } from '../adapters/create-handler.ts';
import { isFields } from '../adapters/spec-reader.ts';
import type { Manifest } from '../attributes/vocabulary.ts';
import { TEMPLATE_NAMES } from '../rules/instance.ts';
import type { PolicyResource } from '../rules/policy-resource.ts';
import { isValueType, type ValueType } from '../values/value-type.ts';

const KINDS: readonly KindName[] = ['rule', 'handler', 'instance', ...ADAPTER_NAMES, ...TEMPLATE_NAMES];

/** Rules, handlers and instances in both of their forms. */
export function viewResources(view: ConfigView): readonly PolicyResource[] {
  return KINDS.flatMap((kind) => (view.objects(kind) as readonly LocatedResource[]).map(policyResource));
}

/** All manifests as one; `otherwise` where there is none. */
export function viewManifest(view: ConfigView, otherwise: Manifest): Manifest {
  const specs = (view.objects('attributemanifest') as readonly LocatedResource[]).map(({ spec }) => spec);
  const declared = specs.flatMap((spec) =>
    isFields(spec) && isFields(spec['attributes']) ? [spec['attributes']] : [],
  );
  const entries = declared.flatMap((attributes) => Object.entries(attributes).flatMap(declaration));
  return entries.length > 0 ? Object.fromEntries(entries) : otherwise;
}

function declaration([name, entry]: [string, unknown]): readonly (readonly [string, ValueType])[] {
  const type = isFields(entry) ? entry['valueType'] : undefined;
  return isValueType(type) ? [[name, type]] : [];
}

export function policyResource(resource: LocatedResource): PolicyResource {
  const { kind, metadata, spec, source } = resource;
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    spec: isFields(spec) ? spec : {},
    source,
    locate: (path) => resource.origin(path).source,
  };
}
