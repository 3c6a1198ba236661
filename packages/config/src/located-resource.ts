// A configuration object that knows where each of its fields was written.
import type { Resource } from '@meltemi/api';
import type { ResourceName, Source } from '@meltemi/base';

/** The object and the place that a field comes from. For a converted object it is the one that the user wrote. */
export interface Origin {
  readonly resource: ResourceName;
  readonly apiVersion: string;
  readonly source: Source;
  /** The field in that object; '' for the object itself. */
  readonly path: string;
}

/** A resource whose fields can be traced: `origin('spec.http[0]')`. Without a path, the object itself. */
export interface LocatedResource<Spec = unknown> extends Resource<Spec> {
  origin(path?: string): Origin;
}
