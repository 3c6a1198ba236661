// A finding about a field of a resource → a problem at the place that the user wrote.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';

export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function warnAt(resource: LocatedResource, path: string, { code, message, hint }: Warning): Problem {
  const origin = resource.origin(path);
  return {
    severity: 'warning',
    code,
    message,
    resource: origin.resource,
    path: origin.path,
    source: origin.source,
    ...(hint !== undefined && { hint }),
  };
}
