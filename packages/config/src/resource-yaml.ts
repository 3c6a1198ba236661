// A resource → the object as it is written into a file.
import { stringify } from 'yaml';

import type { LocatedResource } from './located-resource.ts';

/** The plain object, in the order that people write it in. Empty maps are left out. */
export function resourceToObject(resource: LocatedResource): Readonly<Record<string, unknown>> {
  const { apiVersion, kind, metadata, spec } = resource;
  const { status, data, subsets } = resource as Readonly<Partial<Record<'status' | 'data' | 'subsets', unknown>>>;
  return {
    apiVersion,
    kind,
    metadata: {
      name: metadata.name,
      ...(metadata.namespace !== '' && { namespace: metadata.namespace }),
      ...(Object.keys(metadata.labels).length > 0 && { labels: metadata.labels }),
      ...(Object.keys(metadata.annotations).length > 0 && { annotations: metadata.annotations }),
      ...(metadata.creationTimestamp !== '' && { creationTimestamp: metadata.creationTimestamp }),
    },
    ...(!isEmpty(spec) && { spec }),
    ...(!isEmpty(data) && { data }),
    ...(!isEmpty(subsets) && { subsets }),
    ...(!isEmpty(status) && { status }),
  };
}

/** YAML in the style of Kubernetes: lists begin at the column of their key, long texts stay on one line. */
export function objectToYaml(value: unknown): string {
  return stringify(value, { indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false });
}

export function resourceToYaml(resource: LocatedResource): string {
  return objectToYaml(resourceToObject(resource));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
