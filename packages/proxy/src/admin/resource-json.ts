// Shows a packed resource as JSON with Envoy's field names, without its secrets.
import { type DescMessage, type JsonObject, type JsonValue, type MessageShape, toJson } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { xdsRegistry } from '../xds/registry.ts';
import { redact } from './redact.ts';

const OPTIONS = { registry: xdsRegistry, useProtoFieldName: true } as const;

/** A resource that holds a message we don't know can't be shown; it says so in place of its fields. */
export function anyJson(any: Any): JsonValue {
  try {
    return redact(toJson(AnySchema, any, OPTIONS));
  } catch (error) {
    return { '@type': any.typeUrl, cannot_be_shown: (error as Error).message };
  }
}

/** A message as it stands in an Any: with `@type`. */
export function typedJson<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): JsonValue {
  const fields = redact(toJson(schema, message, OPTIONS)) as JsonObject;
  return { '@type': `type.googleapis.com/${schema.typeName}`, ...fields };
}

/** RFC 3339, as protobuf's JSON writes a Timestamp. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
