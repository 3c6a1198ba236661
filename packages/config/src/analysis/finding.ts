// A finding about a field of a resource → a problem at the place that the user wrote.
import { didYouMean, type Labels, type Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import { levelOf } from './level.ts';

export interface Found {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** None of these refuses the resource. */
export function findingAt(resource: LocatedResource, path: string, { code, message, hint }: Found): Problem {
  const origin = resource.origin(path);
  return {
    severity: levelOf({ code, severity: 'warning' }) === 'Info' ? 'info' : 'warning',
    code,
    message,
    resource: origin.resource,
    path: origin.path,
    source: origin.source,
    ...(hint !== undefined && { hint }),
  };
}

/** `did you mean "reviews"?`, where something is near enough. */
export function hintAt(written: string, known: Iterable<string>): string | undefined {
  const meant = didYouMean(written, known);
  return meant && `did you mean "${meant}"?`;
}

/** `app=a,version=v1` */
export function formatLabels(labels: Labels): string {
  return Object.keys(labels)
    .toSorted()
    .map((key) => `${key}=${labels[key]}`)
    .join(',');
}

/** `default/web` */
export function fullName({ metadata }: LocatedResource): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

/** The full name of an object that another one names, shortly or in full. */
export function namedFrom(resource: LocatedResource, written: string): string {
  return written.includes('/') ? written : `${resource.metadata.namespace}/${written}`;
}

/** `a`, `a and b`, `a, b and c` */
export function enumerate(names: readonly string[]): string {
  const sorted = names.toSorted();
  return sorted.length < 2 ? sorted.join('') : `${sorted.slice(0, -1).join(', ')} and ${sorted.at(-1)}`;
}
