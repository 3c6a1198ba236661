// Documents → the resources of policy: rules, instances and handlers in the forms of 0.2 and of 1.0.
import { type Problem, type ResourceName, type Source } from '@meltemi/base';
import { CODE, type LocatedDocument } from '@meltemi/config';

import { type Fields, isFields, type Report, SpecReader } from '../adapters/spec-reader.ts';

export interface PolicyResource {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly spec: Fields;
  readonly source: Source;
  locate(path: string): Source;
}

const API = 'config.istio.io/';

/** Other resources are passed over. `namespace` is for those that name none. */
export function policyResources(documents: readonly LocatedDocument[], namespace: string): readonly PolicyResource[] {
  return documents.flatMap((document) => {
    const { value } = document;
    if (!isFields(value) || !String(value['apiVersion']).startsWith(API) || !isFields(value['metadata'])) return [];
    const metadata = value['metadata'];
    const spec = value['spec'];
    return {
      kind: String(value['kind']),
      namespace: typeof metadata['namespace'] === 'string' ? metadata['namespace'] : namespace,
      name: String(metadata['name']),
      spec: isFields(spec) ? spec : {},
      source: document.source,
      locate: (path) => document.locate(path.split(/[.[\]]+/).filter((step) => step !== '')),
    };
  });
}

/** `name.kind.namespace`, as instances and handlers are known. */
export function qualifiedName({ name, kind, namespace }: PolicyResource): string {
  return `${name}.${kind}.${namespace}`;
}

/** Collects what is wrong with the fields of a resource. */
export function reportInto(problems: Problem[], resource: PolicyResource): Report {
  const name: ResourceName = { kind: resource.kind, namespace: resource.namespace, name: resource.name };
  return (path, message) => {
    const source = resource.locate(path);
    problems.push({
      severity: 'error',
      code: CODE.badValue,
      message: `${path} ${message}`,
      resource: name,
      path,
      source,
    });
  };
}

/** Reads `spec`, or, in the form of 1.0 that has them, `spec.params`. */
export function specReader(resource: PolicyResource, report: Report): SpecReader {
  const spec = new SpecReader(resource.spec, report);
  return resource.kind === 'handler' || resource.kind === 'instance' ? spec.object('params') : spec;
}
