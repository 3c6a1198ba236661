// Merges one protobuf message into another, as EnvoyFilters do.
import { clone, type DescField, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { type Any, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import { extensionRegistry } from '@meltemi/api';

/** append: entries of lists are added to those that are there, as protobuf merges. replace: they take their place. */
export type ListMerge = 'append' | 'replace';

/** A new message: what `source` sets stands before what `target` has. A duration or a wrapped number is one value. */
export function mergedMessage<Desc extends DescMessage>(
  schema: Desc,
  target: MessageShape<Desc>,
  source: MessageShape<Desc>,
  lists: ListMerge = 'append',
): MessageShape<Desc> {
  const merged = clone(schema, target);
  merge(reflect(schema, merged), reflect(schema, clone(schema, source)), lists);
  return merged;
}

/** The messages inside are merged; of another type, `source` takes the place of `target`. */
export function mergedAny(target: Any | undefined, source: Any): Any {
  const registry = extensionRegistry();
  const schema = registry.getMessage(source.typeUrl.slice(source.typeUrl.lastIndexOf('/') + 1));
  if (!target || !schema || target.typeUrl !== source.typeUrl) return source;
  const [before, changes] = [anyUnpack(target, schema), anyUnpack(source, schema)];
  return before && changes ? anyPack(schema, mergedMessage(schema, before, changes)) : source;
}

function merge(target: ReflectMessage, source: ReflectMessage, lists: ListMerge): void {
  for (const field of source.fields) if (source.isSet(field)) mergeField(target, source, field, lists);
}

function mergeField(target: ReflectMessage, source: ReflectMessage, field: DescField, lists: ListMerge): void {
  switch (field.fieldKind) {
    case 'list': {
      if (lists === 'replace') target.clear(field);
      for (const item of source.get(field)) target.get(field).add(item);
      return;
    }
    case 'map': {
      for (const [key, value] of source.get(field)) target.get(field).set(key, value);
      return;
    }
    case 'message': {
      if (isWhole(field.message) || !target.isSet(field)) target.set(field, source.get(field));
      else merge(target.get(field), source.get(field), lists);
      return;
    }
    default:
      target.set(field, source.get(field));
  }
}

/** Fields of these mean nothing alone. */
function isWhole({ typeName }: DescMessage): boolean {
  return /^google\.protobuf\.(?:Duration|Timestamp|Any|\w+Value)$/.test(typeName);
}
