// Turns the extension that names a compression (gzip, brotli, zstd) into a maker of decompressors that no bomb gets far with.
import { unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { BrotliSchema } from '@meltemi/api/envoy/extensions/compression/brotli/decompressor/v3/brotli_pb';
import { GzipSchema } from '@meltemi/api/envoy/extensions/compression/gzip/decompressor/v3/gzip_pb';
import { ZstdSchema } from '@meltemi/api/envoy/extensions/compression/zstd/decompressor/v3/zstd_pb';
import { FilterConfigError } from '../../http-config-error.ts';
import { Codec, OPERATION_FLUSH, ZLIB_FLUSH } from '../compressor/codec.ts';

const zlib = process.getBuiltinModule('node:zlib');

export interface DecompressorLibrary {
  /** In `content-encoding`. */
  readonly encoding: string;
  /** In the names of counters: `decompressor.EXTENSION.gzip.request.decompressed`. */
  readonly statsName: string;
  /** The counter of what can't be decompressed. */
  readonly errorName: string;
  /** Bytes of output for a byte of input, in each chunk: more is taken for a bomb. */
  readonly maxRatio: number;
  /** Bytes that a chunk may give whatever the ratio: what such a decompressor unfolds at once. */
  readonly free: number;
  /** Bytes after which that is looked at. */
  readonly room: number;
  open(): Codec;
}

const MAX_RATIO = 100;
const ROOM = 4096;

/** Throws FilterConfigError for one that is not known. */
export function decompressorLibrary(extension: TypedExtensionConfig | undefined): DecompressorLibrary {
  const config = extension?.typedConfig;
  const gzip = unpackAny(config, GzipSchema);
  if (gzip) {
    const windowBits = inRange('window_bits', gzip.windowBits ?? 15, 9, 15);
    const maxRatio = inRange('max_inflate_ratio', gzip.maxInflateRatio ?? MAX_RATIO, 1, 1032);
    const open = () => new Codec(zlib.createGunzip({ windowBits }), ZLIB_FLUSH);
    return { ...names('gzip', 'gzip', 'zlib_data_error'), maxRatio, free: 0, room: roomOf(gzip), open };
  }
  const brotli = unpackAny(config, BrotliSchema);
  if (brotli) {
    const open = () => new Codec(zlib.createBrotliDecompress(), OPERATION_FLUSH);
    return {
      ...names('br', 'brotli', 'brotli_error'),
      maxRatio: MAX_RATIO,
      free: 16 * 1024,
      room: roomOf(brotli),
      open,
    };
  }
  const zstd = unpackAny(config, ZstdSchema);
  if (zstd) {
    if (zstd.dictionaries.length > 0)
      throw new FilterConfigError('UNSUPPORTED_FIELD', 'decompressor: zstd takes no dictionaries');
    const open = () => new Codec(zlib.createZstdDecompress(), OPERATION_FLUSH);
    return {
      ...names('zstd', 'zstd', 'zstd_generic_error'),
      maxRatio: MAX_RATIO,
      free: 128 * 1024,
      room: roomOf(zstd),
      open,
    };
  }
  const given = config ? config.typeUrl : 'nothing';
  throw new FilterConfigError(
    'UNSUPPORTED_FIELD',
    `decompressor: decompressor_library is gzip, brotli or zstd, not ${given}`,
  );
}

function names(encoding: string, statsName: string, errorName: string) {
  return { encoding, statsName, errorName };
}

function roomOf({ chunkSize = ROOM }: { readonly chunkSize?: number | undefined }): number {
  return inRange('chunk_size', chunkSize, 4096, 65_536);
}

function inRange(field: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new FilterConfigError('BAD_FILTER', `decompressor: ${field} is from ${least} to ${most}, not ${value}`);
}
