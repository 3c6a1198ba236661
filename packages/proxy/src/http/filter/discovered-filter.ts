// A filter whose configuration comes by itself (ECDS): the latest that was accepted runs, a request ends with the one it began with.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/extension
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ExtensionConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { discoverExtension } from '../../xds/discovered-extension.ts';
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
  readonly #watch: { close(): void };
  #current: HttpFilter | undefined;
  /** The listener need not wait for it. */
  ready = false;

  /** Throws a typed error for a source that can't be asked, and when the default configuration can't be honoured. */
  constructor({ name, discovery, watch, compile, onReady }: DiscoveredFilterOptions) {
    this.name = name;
    if (discovery.typeUrls.length === 0) throw new FilterConfigError('BAD_FILTER', `HTTP filter ${name}: no type_urls`);
    this.#watch = discoverExtension({ kind: 'http_filter', name }, discovery, watch, {
      apply: (config) => this.#use(compile(config)),
      onReady: () => {
        this.ready = true;
        onReady();
      },
    });
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

  #use(next: HttpFilter): void {
    this.#current?.close?.();
    this.#current = next;
  }
}
