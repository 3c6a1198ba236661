// Turns the extension that names a compression (gzip, brotli, zstd) into a maker of compressors.
import { unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import {
  type Brotli,
  Brotli_EncoderMode as EncoderMode,
  BrotliSchema,
} from '@meltemi/api/envoy/extensions/compression/brotli/compressor/v3/brotli_pb';
import {
  type Gzip,
  Gzip_CompressionStrategy as GzipStrategy,
  GzipSchema,
} from '@meltemi/api/envoy/extensions/compression/gzip/compressor/v3/gzip_pb';
import { type Zstd, ZstdSchema } from '@meltemi/api/envoy/extensions/compression/zstd/compressor/v3/zstd_pb';
import { FilterConfigError } from '../../http-config-error.ts';
import { Codec, OPERATION_FLUSH, ZLIB_FLUSH } from './codec.ts';

const zlib = process.getBuiltinModule('node:zlib');
const { constants } = zlib;

export interface CompressorLibrary {
  /** In `content-encoding`. */
  readonly encoding: string;
  /** In the names of counters: `compressor.EXTENSION.gzip.request.compressed`. */
  readonly statsName: string;
  open(): Codec;
}

/** Throws FilterConfigError for one that is not known. */
export function compressorLibrary(extension: TypedExtensionConfig | undefined): CompressorLibrary {
  const config = extension?.typedConfig;
  const gzip = unpackAny(config, GzipSchema);
  if (gzip) return gzipLibrary(gzip);
  const brotli = unpackAny(config, BrotliSchema);
  if (brotli) return brotliLibrary(brotli);
  const zstd = unpackAny(config, ZstdSchema);
  if (zstd) return zstdLibrary(zstd);
  const given = config ? config.typeUrl : 'nothing';
  throw new FilterConfigError(
    'UNSUPPORTED_FIELD',
    `compressor: compressor_library is gzip, brotli or zstd, not ${given}`,
  );
}

const GZIP_STRATEGIES: Readonly<Record<GzipStrategy, number>> = {
  [GzipStrategy.DEFAULT_STRATEGY]: constants.Z_DEFAULT_STRATEGY,
  [GzipStrategy.FILTERED]: constants.Z_FILTERED,
  [GzipStrategy.HUFFMAN_ONLY]: constants.Z_HUFFMAN_ONLY,
  [GzipStrategy.RLE]: constants.Z_RLE,
  [GzipStrategy.FIXED]: constants.Z_FIXED,
};

function gzipLibrary(config: Gzip): CompressorLibrary {
  const level: number = config.compressionLevel;
  const options = {
    level: level === 0 ? constants.Z_DEFAULT_COMPRESSION : level,
    strategy: GZIP_STRATEGIES[config.compressionStrategy],
    memLevel: inRange('memory_level', config.memoryLevel ?? 5, 1, 9),
    windowBits: inRange('window_bits', config.windowBits ?? 12, 9, 15),
  };
  return { encoding: 'gzip', statsName: 'gzip', open: () => new Codec(zlib.createGzip(options), ZLIB_FLUSH) };
}

const BROTLI_MODES: Readonly<Record<EncoderMode, number>> = {
  [EncoderMode.DEFAULT]: constants.BROTLI_DEFAULT_MODE,
  [EncoderMode.GENERIC]: constants.BROTLI_MODE_GENERIC,
  [EncoderMode.TEXT]: constants.BROTLI_MODE_TEXT,
  [EncoderMode.FONT]: constants.BROTLI_MODE_FONT,
};

function brotliLibrary(config: Brotli): CompressorLibrary {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: inRange('quality', config.quality ?? 3, 0, 11),
    [constants.BROTLI_PARAM_MODE]: BROTLI_MODES[config.encoderMode],
    [constants.BROTLI_PARAM_LGWIN]: inRange('window_bits', config.windowBits ?? 18, 10, 24),
    [constants.BROTLI_PARAM_LGBLOCK]: inRange('input_block_bits', config.inputBlockBits ?? 24, 16, 24),
    [constants.BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING]: config.disableLiteralContextModeling,
  };
  return {
    encoding: 'br',
    statsName: 'brotli',
    open: () => new Codec(zlib.createBrotliCompress({ params }), OPERATION_FLUSH),
  };
}

function zstdLibrary(config: Zstd): CompressorLibrary {
  if (config.dictionary) throw new FilterConfigError('UNSUPPORTED_FIELD', 'compressor: zstd takes no dictionary');
  const params = {
    [constants.ZSTD_c_compressionLevel]: config.compressionLevel ?? constants.ZSTD_CLEVEL_DEFAULT,
    [constants.ZSTD_c_checksumFlag]: config.enableChecksum,
    // The numbers of the message are the library's own, with 0 for its choice.
    [constants.ZSTD_c_strategy]: config.strategy,
  };
  return {
    encoding: 'zstd',
    statsName: 'zstd',
    open: () => new Codec(zlib.createZstdCompress({ params }), OPERATION_FLUSH),
  };
}

function inRange(field: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new FilterConfigError('BAD_FILTER', `compressor: ${field} is from ${least} to ${most}, not ${value}`);
}
