// Turns JSON into a protobuf message, or into every reason why it is none: unknown fields, wrong types, unknown extensions.
import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  type Registry,
} from '@bufbuild/protobuf';
import { didYouMean } from '@meltemi/base';
import { refusedType } from './refused-types.ts';

export type JsonPath = readonly (string | number)[];

export interface JsonFault {
  readonly path: JsonPath;
  readonly message: string;
  readonly hint?: string;
}

export interface JsonMessageOptions {
  readonly registry: Registry;
  readonly ignoreUnknownFields: boolean;
}

export type JsonReading<Desc extends DescMessage> =
  | { readonly kind: 'message'; readonly message: MessageShape<Desc> }
  | { readonly kind: 'faults'; readonly faults: readonly JsonFault[] };

/** Decodes at once when all is well; only a text that fails is walked, to find all of its faults and their paths. */
export function readJsonMessage<Desc extends DescMessage>(
  schema: Desc,
  value: JsonValue,
  options: JsonMessageOptions,
): JsonReading<Desc> {
  const known = keepOptional(value, options.registry);
  try {
    return { kind: 'message', message: fromJson(schema, known, options) };
  } catch (error) {
    const faults = messageFaults(schema, known, [], options);
    return { kind: 'faults', faults: faults.length > 0 ? faults : [{ path: [], message: (error as Error).message }] };
  }
}

/**
 * An extension of an unknown type that may be left out (`is_optional`, `disabled`) becomes a TypedStruct: who builds from it
 * sees the type's name, and leaves it out.
 */
function keepOptional(value: JsonValue, registry: Registry): JsonValue {
  if (Array.isArray(value)) return value.map((item) => keepOptional(item, registry));
  if (!isObject(value)) return value;
  const optional = OPTIONAL_MARKS.some((mark) => value[mark] === true);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      optional && isUnknownAny(member, registry) ? asTypedStruct(member) : keepOptional(member, registry),
    ]),
  );
}

const OPTIONAL_MARKS: readonly string[] = ['is_optional', 'isOptional', 'disabled'];

function isUnknownAny(value: JsonValue, registry: Registry): value is JsonObject {
  if (!isObject(value)) return false;
  const type = value['@type'];
  return typeof type === 'string' && !registry.getMessage(type.slice(type.lastIndexOf('/') + 1));
}

function asTypedStruct({ '@type': type, ...value }: JsonObject): JsonObject {
  return { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: type!, value };
}

function messageFaults(
  schema: DescMessage,
  value: JsonValue,
  path: JsonPath,
  options: JsonMessageOptions,
): JsonFault[] {
  if (schema.typeName === 'google.protobuf.Any') return anyFaults(value, path, options);
  if (schema.typeName.startsWith('google.protobuf.')) return decodeFaults(schema, value, path, options);
  if (!isObject(value)) return [{ path, message: `expected an object, got ${describe(value)}` }];
  return Object.entries(value).flatMap(([key, member]) => memberFaults(schema, key, member, [...path, key], options));
}

function memberFaults(
  schema: DescMessage,
  key: string,
  value: JsonValue,
  path: JsonPath,
  options: JsonMessageOptions,
): JsonFault[] {
  const field = schema.fields.find((candidate) => candidate.name === key || candidate.jsonName === key);
  if (!field) return options.ignoreUnknownFields ? [] : [unknownField(schema, key, path)];
  return fieldFaults(field, value, path, options);
}

function fieldFaults(field: DescField, value: JsonValue, path: JsonPath, options: JsonMessageOptions): JsonFault[] {
  const message = field.message;
  if (!message || value === null) return decodeFaults(field.parent, { [field.name]: value }, path, options);
  if (field.fieldKind === 'list') {
    if (!Array.isArray(value)) return [{ path, message: `expected a list, got ${describe(value)}` }];
    return value.flatMap((item, index) => messageFaults(message, item, [...path, index], options));
  }
  if (field.fieldKind !== 'map') return messageFaults(message, value, path, options);
  if (!isObject(value)) return [{ path, message: `expected an object, got ${describe(value)}` }];
  return Object.entries(value).flatMap(([key, item]) => messageFaults(message, item, [...path, key], options));
}

function anyFaults(value: JsonValue, path: JsonPath, options: JsonMessageOptions): JsonFault[] {
  if (!isObject(value)) return [{ path, message: `expected an object with "@type", got ${describe(value)}` }];
  const { '@type': type, ...rest } = value;
  if (typeof type !== 'string') return [{ path, message: '"@type" is missing' }];
  const name = type.slice(type.lastIndexOf('/') + 1);
  const schema = options.registry.getMessage(name);
  if (!schema) return [unknownType(name, [...path, '@type'], options.registry)];
  if (schema.typeName.startsWith('google.protobuf.')) return decodeFaults(schema, rest['value'] ?? {}, path, options);
  return messageFaults(schema, rest, path, options);
}

function decodeFaults(schema: DescMessage, value: JsonValue, path: JsonPath, options: JsonMessageOptions): JsonFault[] {
  try {
    fromJson(schema, value, options);
    return [];
  } catch (error) {
    return [{ path, message: (error as Error).message.replace(/^cannot decode \w+ (.*) from JSON: /, '$1: ') }];
  }
}

function unknownField(schema: DescMessage, key: string, path: JsonPath): JsonFault {
  const meant = didYouMean(
    key,
    schema.fields.map((field) => field.name),
  );
  return { path, message: `${schema.typeName} has no field "${key}"`, ...hint(meant) };
}

function unknownType(name: string, path: JsonPath, registry: Registry): JsonFault {
  const refused = refusedType(name);
  if (refused !== undefined) return { path, message: refused };
  const known = [...registry].filter((type) => type.kind === 'message').map((type) => type.typeName);
  return { path, message: `extension type ${name} is not supported`, ...hint(didYouMean(name, known)) };
}

function hint(meant: string | undefined): { readonly hint?: string } {
  return meant ? { hint: `did you mean "${meant}"?` } : {};
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: JsonValue): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value;
}
