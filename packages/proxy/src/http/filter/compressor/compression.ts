// The compressions that compressors and decompressors know: their names, how they are run, and what chooses among them.
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { FilterConfigError } from '../../http-config-error.ts';
import { Codec, type CodecStream, type FlushCodes, OPERATION_FLUSH, ZLIB_FLUSH } from './codec.ts';

export interface Compression {
  /** In `content-encoding`. */
  readonly encoding: string;
  /** In the names of counters: `compressor.EXTENSION.gzip.request.compressed`. */
  readonly statsName: string;
  open(): Codec;
}

/** `stream`: makes what runs in one body's codec. */
type CompressionOf = (stream: () => CodecStream) => Compression;

export const gzip = compressionOf('gzip', 'gzip', ZLIB_FLUSH);
export const brotli = compressionOf('br', 'brotli', OPERATION_FLUSH);
export const zstd = compressionOf('zstd', 'zstd', OPERATION_FLUSH);

function compressionOf(encoding: string, statsName: string, codes: FlushCodes): CompressionOf {
  return (stream) => ({ encoding, statsName, open: () => new Codec(stream(), codes) });
}

/** Undefined: the message is another one. */
export type ReadLibrary<Library> = (config: Any | undefined) => Library | undefined;

export function libraryOf<Desc extends DescMessage, Library>(
  schema: Desc,
  make: (config: MessageShape<Desc>) => Library,
): ReadLibrary<Library> {
  return (any) => {
    const config = unpackAny(any, schema);
    return config && make(config);
  };
}

/** Throws FilterConfigError for an extension that none reads. */
export function chooseLibrary<Library>(
  filter: 'compressor' | 'decompressor',
  extension: TypedExtensionConfig | undefined,
  readers: readonly ReadLibrary<Library>[],
): Library {
  const config = extension?.typedConfig;
  for (const read of readers) {
    const library = read(config);
    if (library) return library;
  }
  const known = `${filter}: ${filter}_library is gzip, brotli or zstd`;
  throw new FilterConfigError('UNSUPPORTED_FIELD', `${known}, not ${config ? config.typeUrl : 'nothing'}`);
}

/** `field`: with the filter's name. Throws FilterConfigError. */
export function inRange(field: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new FilterConfigError('BAD_FILTER', `${field} is from ${least} to ${most}, not ${value}`);
}
