// Where configuration lives: read, written and watched through one small interface.
import type { Problem, ResourceName } from '@meltemi/base';

import type { LocatedResource } from './located-resource.ts';
import type { ConfigView, KindName, ResourceByKind } from './view.ts';

/** What a write did; `revision` is the new resourceVersion. */
export interface Written {
  readonly name: ResourceName;
  readonly revision: string;
}

export interface Watch {
  close(): void;
}

/** All that a store read, not yet checked against each other: one resource of a name. */
export interface StoreContents {
  readonly resources: readonly LocatedResource[];
  /** What could not be read or decoded. */
  readonly problems: readonly Problem[];
}

/** Writes answer when they are durable, and refuse with a StoreError. */
export interface ConfigStore {
  /** What is known now. Never empty by accident: a store is opened by reading everything once. */
  view(): ConfigView;
  list<Kind extends KindName>(kind: Kind, namespace?: string): readonly ResourceByKind[Kind][];
  get<Kind extends KindName>(kind: Kind, namespace: string, name: string): ResourceByKind[Kind] | undefined;
  create(resource: LocatedResource): Promise<Written>;
  replace(resource: LocatedResource): Promise<Written>;
  /** Creates or replaces. */
  apply(resource: LocatedResource): Promise<Written>;
  delete(name: ResourceName): Promise<void>;
  /** Calls back with each new view, never for one that says the same. */
  watch(listener: (view: ConfigView) => void): Watch;
  close(): Promise<void>;
}

export type StoreErrorCode = 'exists' | 'not-found' | 'unreadable' | 'refused' | 'locked';

/** Why a write was refused; `problem` names the place. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly problem: Problem;

  constructor(code: StoreErrorCode, problem: Problem, options?: ErrorOptions) {
    super(problem.message, options);
    this.name = 'StoreError';
    this.code = code;
    this.problem = problem;
  }
}
