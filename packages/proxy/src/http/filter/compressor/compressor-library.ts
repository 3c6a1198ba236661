// Turns the extension that names a compression (gzip, brotli, zstd) into a maker of compressors.
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
import { brotli, chooseLibrary, type Compression, gzip, inRange, libraryOf, zstd } from './compression.ts';

const zlib = process.getBuiltinModule('node:zlib');
const { constants } = zlib;

/** Throws FilterConfigError for one that is not known, or can't be honoured. */
export function compressorLibrary(extension: TypedExtensionConfig | undefined): Compression {
  return chooseLibrary('compressor', extension, [
    libraryOf(GzipSchema, gzipLibrary),
    libraryOf(BrotliSchema, brotliLibrary),
    libraryOf(ZstdSchema, zstdLibrary),
  ]);
}

const GZIP_STRATEGIES: Readonly<Record<GzipStrategy, number>> = {
  [GzipStrategy.DEFAULT_STRATEGY]: constants.Z_DEFAULT_STRATEGY,
  [GzipStrategy.FILTERED]: constants.Z_FILTERED,
  [GzipStrategy.HUFFMAN_ONLY]: constants.Z_HUFFMAN_ONLY,
  [GzipStrategy.RLE]: constants.Z_RLE,
  [GzipStrategy.FIXED]: constants.Z_FIXED,
};

function gzipLibrary(config: Gzip): Compression {
  const level: number = config.compressionLevel;
  const options = {
    level: level === 0 ? constants.Z_DEFAULT_COMPRESSION : level,
    strategy: GZIP_STRATEGIES[config.compressionStrategy],
    memLevel: inRange('compressor: memory_level', config.memoryLevel ?? 5, 1, 9),
    windowBits: inRange('compressor: window_bits', config.windowBits ?? 12, 9, 15),
  };
  return gzip(() => zlib.createGzip(options));
}

const BROTLI_MODES: Readonly<Record<EncoderMode, number>> = {
  [EncoderMode.DEFAULT]: constants.BROTLI_DEFAULT_MODE,
  [EncoderMode.GENERIC]: constants.BROTLI_MODE_GENERIC,
  [EncoderMode.TEXT]: constants.BROTLI_MODE_TEXT,
  [EncoderMode.FONT]: constants.BROTLI_MODE_FONT,
};

function brotliLibrary(config: Brotli): Compression {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: inRange('compressor: quality', config.quality ?? 3, 0, 11),
    [constants.BROTLI_PARAM_MODE]: BROTLI_MODES[config.encoderMode],
    [constants.BROTLI_PARAM_LGWIN]: inRange('compressor: window_bits', config.windowBits ?? 18, 10, 24),
    [constants.BROTLI_PARAM_LGBLOCK]: inRange('compressor: input_block_bits', config.inputBlockBits ?? 24, 16, 24),
    [constants.BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING]: config.disableLiteralContextModeling,
  };
  return brotli(() => zlib.createBrotliCompress({ params }));
}

function zstdLibrary(config: Zstd): Compression {
  if (config.dictionary) throw new FilterConfigError('UNSUPPORTED_FIELD', 'compressor: zstd takes no dictionary');
  const params = {
    [constants.ZSTD_c_compressionLevel]: config.compressionLevel ?? constants.ZSTD_CLEVEL_DEFAULT,
    [constants.ZSTD_c_checksumFlag]: config.enableChecksum,
    // The numbers of the message are the library's own, with 0 for its choice.
    [constants.ZSTD_c_strategy]: config.strategy,
  };
  return zstd(() => zlib.createZstdCompress({ params }));
}
