// Resources of many files → one for each name; the others are problems.
import { formatSource, formatResourceName, type Problem } from '@meltemi/base';
import { resourceName } from '@meltemi/api';

import type { LocatedResource } from './located-resource.ts';
import { CODE } from './problem-code.ts';
import { keyOf } from './read-files.ts';

/** Of two with one name the older holds; where neither says its age, the one that was read first. */
export function uniqueResources(all: readonly LocatedResource[]): {
  readonly resources: readonly LocatedResource[];
  readonly problems: readonly Problem[];
} {
  const byKey = Map.groupBy(all, keyOf);
  const groups = Array.from(byKey.values(), (same) =>
    same.toSorted((a, b) =>
      a.metadata.creationTimestamp < b.metadata.creationTimestamp
        ? -1
        : a.metadata.creationTimestamp > b.metadata.creationTimestamp
          ? 1
          : 0,
    ),
  );
  return {
    resources: groups.map(([first]) => first!),
    problems: groups.flatMap(([first, ...others]) => others.map((other) => duplicateProblem(first!, other))),
  };
}

/** Says that an object exists already, at the place of the second. */
export function duplicateProblem(first: LocatedResource, second: LocatedResource): Problem {
  const resource = resourceName(second);
  const message = `${formatResourceName(resource)} exists already, at ${formatSource(first.source)}`;
  return {
    severity: 'error',
    code: CODE.duplicate,
    message,
    resource,
    path: 'metadata.name',
    source: second.origin('metadata.name').source,
  };
}
