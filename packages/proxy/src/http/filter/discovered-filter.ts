// A filter whose configuration comes by itself (ECDS): the latest that was accepted runs, a request ends with the one it began with.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/extension
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ExtensionConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { WatchExtension } from '../../xds/extension-watch.ts';
import { FilterConfigError } from '../http-config-error.ts';
import { localAnswer } from '../own-answer.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';

const NO_CONFIGURATION = { status: 500, body: '', flag: 'NFCF', details: 'filter_config_not_found' };

export interface DiscoveredFilterOptions {
  readonly name: string;
  readonly discovery: ExtensionConfigSource;
  readonly watch: WatchExtension;
  /** Throws a typed error for what can't be honoured. */
  readonly compile: (config: Any) => HttpFilter;
  /** A configuration came, or it is settled that there is none. */
  readonly onReady: () => void;
}

export class DiscoveredFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #options: DiscoveredFilterOptions;
  readonly #watch: { close(): void };
  #current: HttpFilter | undefined;
  #settled: boolean;

  /** Throws a typed error when the default configuration can't be honoured. */
  constructor(options: DiscoveredFilterOptions) {
    const { name, discovery } = options;
    this.name = name;
    this.#options = options;
    if (discovery.typeUrls.length === 0) throw new FilterConfigError('BAD_FILTER', `HTTP filter ${name}: no type_urls`);
    if (discovery.defaultConfig) this.#current = options.compile(discovery.defaultConfig);
    this.#settled = discovery.applyDefaultConfigWithoutWarming && this.#current !== undefined;
    this.#watch = options.watch(
      discovery.configSource,
      name,
      discovery.typeUrls,
      (config) => this.#accept(config),
      () => this.#settle(),
    );
  }

  /** The listener need not wait for it. */
  get ready(): boolean {
    return this.#settled;
  }

  open(stream: FilteredStream): StreamFilter | undefined {
    return this.#current ? this.#current.open(stream) : this;
  }

  /** Without a configuration nothing may pass: the filter might have refused it. */
  onRequest(stream: FilteredStream): FilterStep {
    stream.answer(localAnswer(NO_CONFIGURATION));
    return 'answered';
  }

  close(): void {
    this.#watch.close();
    this.#current?.close?.();
  }

  #accept(config: Any): { name: string; message: string } | undefined {
    try {
      const next = this.#options.compile(config);
      this.#current?.close?.();
      this.#current = next;
    } catch (error) {
      return { name: this.name, message: error instanceof Error ? error.message : 'not a filter' };
    }
    this.#settle();
    return undefined;
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#options.onReady();
  }
}
