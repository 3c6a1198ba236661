// The adapters of Istio 0.1's configuration, by name and kind.
import type { Problem } from '@meltemi/base';
import type { LocatedDocument } from '@meltemi/config';

import { documentReader } from '../adapters/document-reader.ts';
import type { Fields } from '../adapters/spec-reader.ts';

export interface AspectAdapter {
  readonly name: string;
  readonly kind: string;
  readonly impl: string;
  readonly params: Fields;
}

export const ASPECT_KINDS = ['denials', 'lists', 'quotas', 'access-logs', 'application-logs'] as const;

export type AspectKind = (typeof ASPECT_KINDS)[number];

/** Adapters of each kind; the first is what an aspect has that names none. */
export const IMPLEMENTATIONS: Readonly<Record<AspectKind, readonly string[]>> = {
  denials: ['denyChecker', 'noop'],
  lists: ['genericListChecker', 'ipListChecker', 'noop'],
  quotas: ['memQuota', 'redisQuota', 'noop'],
  'access-logs': ['stdioLogger', 'noop'],
  'application-logs': ['stdioLogger', 'noop'],
};

/** `adapters: [{name, kind, impl, params}]` */
export function readAdapters(document: LocatedDocument): {
  readonly adapters: readonly AspectAdapter[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const file = documentReader(document, problems);
  file.only(['subject', 'revision', 'adapters']);
  const adapters = file.objects('adapters').map((each): AspectAdapter => {
    each.only(['name', 'kind', 'impl', 'params']);
    const [kind, impl] = [each.oneOf('kind', ASPECT_KINDS), each.text('impl')];
    if (!each.has('kind')) each.refuse('kind', 'is required');
    if (!IMPLEMENTATIONS[kind].includes(impl))
      each.refuse('impl', `must be one of ${IMPLEMENTATIONS[kind].join(', ')}`);
    return { name: each.text('name', 'default'), kind, impl, params: each.fields('params') };
  });
  return { adapters, problems };
}

/** The first implementation where none has the name `default`. */
export function adapterOf(
  adapters: readonly AspectAdapter[],
  kind: AspectKind,
  name: string,
): AspectAdapter | undefined {
  const found = adapters.find((adapter) => adapter.kind === kind && adapter.name === name);
  if (found || name !== 'default') return found;
  return { name, kind, impl: IMPLEMENTATIONS[kind][0]!, params: {} };
}
