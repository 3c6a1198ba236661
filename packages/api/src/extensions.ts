// Every message that Envoy's extensions are configured by, for what users write of them: by type URL, from descriptors.
import { brotliDecompressSync } from 'node:zlib';
import { createFileRegistry, fromBinary, type Registry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { DESCRIPTORS } from '../gen/descriptors.js';

let known: Registry | undefined;

/**
 * Reads and shows any `typed_config`, of the sidecar's filters and of those that only Envoy has. Its descriptors are
 * others than those of the generated messages: use it to read what is inside an `Any`, and nothing else. Made at the
 * first call, in about 60 ms.
 */
export function extensionRegistry(): Registry {
  known ??= createFileRegistry(
    fromBinary(FileDescriptorSetSchema, brotliDecompressSync(Buffer.from(DESCRIPTORS, 'base64'))),
  );
  return known;
}
