// Packs messages into google.protobuf.Any and back. The registry grows by what a program names.
import {
  createMutableRegistry,
  type DescFile,
  type DescMessage,
  type MessageShape,
  type MutableRegistry,
} from '@bufbuild/protobuf';
import { type Any, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';

/** Wraps a message with its type URL `type.googleapis.com/NAME`. */
export function packAny<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Any {
  return anyPack(schema, message);
}

/** The message inside when it is of the schema's type, else undefined. Throws on malformed bytes. */
export function unpackAny<Desc extends DescMessage>(
  any: Any | undefined,
  schema: Desc,
): MessageShape<Desc> | undefined {
  return any && anyUnpack(any, schema);
}

/** A registry of all messages in the files: protobuf's JSON needs it to show and read `Any`. */
export function registryOf(...files: readonly DescFile[]): MutableRegistry {
  return createMutableRegistry(...files);
}
