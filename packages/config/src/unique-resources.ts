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
  const firsts = new Map<string, LocatedResource>();
  const problems: Problem[] = [];
  for (const resource of all) {
    const key = keyOf(resource);
    const known = firsts.get(key);
    if (known && known.metadata.creationTimestamp <= resource.metadata.creationTimestamp) {
      problems.push(duplicateProblem(known, resource));
    } else {
      if (known) problems.push(duplicateProblem(resource, known));
      firsts.set(key, resource);
    }
  }
  return { resources: [...firsts.values()], problems };
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
