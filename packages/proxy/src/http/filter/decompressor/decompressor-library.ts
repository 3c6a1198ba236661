// Turns the extension that names a compression (gzip, brotli, zstd) into a maker of decompressors that no bomb gets far with.
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { type Brotli, BrotliSchema } from '@meltemi/api/envoy/extensions/compression/brotli/decompressor/v3/brotli_pb';
import { type Gzip, GzipSchema } from '@meltemi/api/envoy/extensions/compression/gzip/decompressor/v3/gzip_pb';
import { type Zstd, ZstdSchema } from '@meltemi/api/envoy/extensions/compression/zstd/decompressor/v3/zstd_pb';
import { FilterConfigError } from '../../http-config-error.ts';
import { brotli, chooseLibrary, type Compression, gzip, inRange, libraryOf, zstd } from '../compressor/compression.ts';

const zlib = process.getBuiltinModule('node:zlib');

export interface DecompressorLibrary extends Compression {
  /** The counter of what can't be decompressed. */
  readonly errorName: string;
  /** Bytes of output for a byte of input, in each chunk: more is taken for a bomb. */
  readonly maxRatio: number;
  /** Bytes that a chunk may give whatever the ratio: what such a decompressor unfolds at once. */
  readonly free: number;
  /** Bytes after which that is looked at. */
  readonly room: number;
}

const MAX_RATIO = 100;
const ROOM = 4096;

/** Throws FilterConfigError for one that is not known, or can't be honoured. */
export function decompressorLibrary(extension: TypedExtensionConfig | undefined): DecompressorLibrary {
  return chooseLibrary('decompressor', extension, [
    libraryOf(GzipSchema, gzipLibrary),
    libraryOf(BrotliSchema, brotliLibrary),
    libraryOf(ZstdSchema, zstdLibrary),
  ]);
}

function gzipLibrary(config: Gzip): DecompressorLibrary {
  const windowBits = inRange('decompressor: window_bits', config.windowBits ?? 15, 9, 15);
  const maxRatio = inRange('decompressor: max_inflate_ratio', config.maxInflateRatio ?? MAX_RATIO, 1, 1032);
  const compression = gzip(() => zlib.createGunzip({ windowBits }));
  return { ...compression, errorName: 'zlib_data_error', maxRatio, free: 0, room: roomOf(config) };
}

function brotliLibrary(config: Brotli): DecompressorLibrary {
  const limits = { maxRatio: MAX_RATIO, free: 16 * 1024, room: roomOf(config) };
  return { ...brotli(() => zlib.createBrotliDecompress()), errorName: 'brotli_error', ...limits };
}

function zstdLibrary(config: Zstd): DecompressorLibrary {
  if (config.dictionaries.length > 0)
    throw new FilterConfigError('UNSUPPORTED_FIELD', 'decompressor: zstd takes no dictionaries');
  const limits = { maxRatio: MAX_RATIO, free: 128 * 1024, room: roomOf(config) };
  return { ...zstd(() => zlib.createZstdDecompress()), errorName: 'zstd_generic_error', ...limits };
}

function roomOf({ chunkSize = ROOM }: { readonly chunkSize?: number | undefined }): number {
  return inRange('decompressor: chunk_size', chunkSize, 4096, 65_536);
}
