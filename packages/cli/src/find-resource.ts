// Names of objects as istioctl writes them, and the objects that they mean.
import { didYouMean, type ResourceName } from '@meltemi/base';
import { type ConfigView, type Kind, kindByName, KINDS, kindWords, type LocatedResource } from '@meltemi/config';

import { CommandError, EXIT } from './terminal.ts';

export function findResource(view: ConfigView, name: ResourceName): LocatedResource | undefined {
  return view
    .objects(name.kind as Kind['kind'])
    .find(({ metadata }) => metadata.name === name.name && metadata.namespace === name.namespace);
}

/** `route-rule/default/reviews-default` */
export function resourceKey({ kind, metadata }: LocatedResource): string {
  return keyOfName({ kind, namespace: metadata.namespace, name: metadata.name });
}

export function keyOfName({ kind, namespace, name }: ResourceName): string {
  const { type } = KINDS.find((known) => known.kind === kind)!;
  return `${type}/${namespace}/${name}`;
}

/** The kind that a word means; says what was probably meant when it means none. */
export function requireKind(word: string): Kind {
  const kind = kindByName(word);
  if (kind) return kind;
  const meant = didYouMean(word, KINDS.flatMap(kindWords));
  const types = KINDS.filter(({ ours }) => ours).map(({ type }) => type);
  const hint = meant ? `did you mean "${meant}"?` : `known: ${types.join(', ')}`;
  throw new CommandError(`unknown type "${word}" (${hint})`, EXIT.usage);
}
