// One body on its way through a decompressor: chunks in, what they stand for out, up to where it is damaged or a bomb.
import type { Counter } from '@meltemi/telemetry';
import type { Codec } from '../compressor/codec.ts';
import type { DirectionStats } from './decompressing-filter.ts';
import type { DecompressorLibrary } from './decompressor-library.ts';

export class DecompressedBody {
  readonly #library: DecompressorLibrary;
  readonly #codec: Codec;
  readonly #stats: DirectionStats;
  readonly #errors: Counter;
  #failed = false;
  compressedBytes = 0;
  uncompressedBytes = 0;

  constructor(library: DecompressorLibrary, stats: DirectionStats, errors: Counter) {
    this.#library = library;
    this.#codec = library.open();
    this.#stats = stats;
    this.#errors = errors;
  }

  /** After a failure nothing more comes. */
  decompress(chunk: Buffer): Buffer | undefined {
    const { maxRatio, free, room } = this.#library;
    const limit = Math.max(chunk.length * maxRatio, free - 1);
    const { output, failure } = this.#codec.write(chunk, limit, room);
    if (failure && !this.#failed) this.#errors.increment();
    this.#failed = failure !== undefined;
    this.#count(chunk.length, output.length);
    return output.length > 0 ? output : undefined;
  }

  close(): void {
    this.#codec.close();
  }

  #count(compressed: number, uncompressed: number): void {
    this.compressedBytes += compressed;
    this.uncompressedBytes += uncompressed;
    this.#stats.compressedBytes.add(compressed);
    this.#stats.uncompressedBytes.add(uncompressed);
  }
}
