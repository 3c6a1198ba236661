// Reads a TypedStruct, which holds an extension's configuration as JSON beside the name of its type.
import { fromJson, type JsonObject, type Registry } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { unpackAny } from '@meltemi/api';
import { TypedStructSchema as UdpaTypedStructSchema } from '@meltemi/api/udpa/type/v1/typed_struct_pb';
import { TypedStructSchema } from '@meltemi/api/xds/type/v3/typed_struct_pb';

/** The full name of the message that configures an extension, in whichever form it came; empty without one. */
export function typeOf(config: Any | undefined): string {
  const url = unpackTypedStruct(config)?.typeUrl ?? config?.typeUrl ?? '';
  return url.slice(url.lastIndexOf('/') + 1);
}

/** The same configuration as the message it stands for. What isn't a TypedStruct, or of a type the registry hasn't, is given back. */
export function plainAny(config: Any, registry: Registry): Any {
  const struct = unpackTypedStruct(config);
  const schema = struct && registry.getMessage(typeOf(config));
  if (!struct || !schema) return config;
  return anyPack(schema, fromJson(schema, struct.value, { registry, ignoreUnknownFields: false }));
}

interface OpenStruct {
  readonly typeUrl: string;
  readonly value: JsonObject;
}

function unpackTypedStruct(config: Any | undefined): OpenStruct | undefined {
  const struct = unpackAny(config, TypedStructSchema) ?? unpackAny(config, UdpaTypedStructSchema);
  if (!struct) return undefined;
  return { typeUrl: struct.typeUrl, value: struct.value ?? {} };
}
