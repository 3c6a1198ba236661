// Why a write of a directory was refused, as errors that name the place.
import { formatResourceName, type ResourceName } from '@meltemi/base';

import { LockError } from './file-lock.ts';
import type { LocatedResource } from './located-resource.ts';
import { CODE } from './problem-code.ts';
import { StoreError } from './store.ts';

export function missingError(name: ResourceName, resource: LocatedResource | undefined): StoreError {
  const message = `${formatResourceName(name)} does not exist`;
  const source = resource?.origin('metadata.name').source;
  const code = CODE.referenceNotFound;
  return new StoreError('not-found', { severity: 'error', code, message, resource: name, ...(source && { source }) });
}

/** The object is known from before its file was broken. */
export function unreadableError(name: ResourceName, file: string): StoreError {
  const message = `${formatResourceName(name)} can't be edited: its file is broken`;
  const source = { file, line: 1, column: 1 };
  return new StoreError('unreadable', { severity: 'error', code: CODE.unreadable, message, resource: name, source });
}

/** Another process writes there and does not come to an end. */
export function refuseLocked(error: unknown): never {
  if (!(error instanceof LockError)) throw error;
  throw new StoreError(
    'locked',
    { severity: 'error', code: CODE.unreadable, message: error.message },
    { cause: error },
  );
}
