// Asks Mixer of each request whether it may pass, and reports it when it is over.
import { fromBinary } from '@bufbuild/protobuf';
import { type Attributes, forwardedField, readAttributes } from '@meltemi/api/mixer';
import { type MixerFilter as MixerConfig, MixerFilterSchema } from '@meltemi/api/meltemi/mixer/v1/mixer_filter_pb';
import { FilterConfigError } from '../../http-config-error.ts';
import type { HttpFilterParts, HttpFilterType } from '../filter-type.ts';
import type { HttpFilter, StreamFilter } from '../http-filter.ts';
import { MixedRequest, type MixerSite } from './mixed-request.ts';
import type { Mixer, OpenMixer } from './mixer.ts';
import { mixerCalls } from './mixer-calls.ts';

export const MIXER_FILTER: HttpFilterType = {
  typeName: MixerFilterSchema.typeName,
  compile(name, bytes, parts) {
    const config = fromBinary(MixerFilterSchema, bytes);
    const asks = config.check || config.report;
    if (asks && config.cluster === '') throw new FilterConfigError('BAD_FILTER', 'mixer: it names no cluster');
    if (asks && !parts.openMixer) throw new FilterConfigError('BAD_FILTER', 'mixer: this program has no client of it');
    return new MixerFilter(name, config, parts, asks ? parts.openMixer : undefined);
  },
};

class MixerFilter implements HttpFilter, MixerSite {
  readonly name: string;
  readonly checks: boolean;
  readonly reports: boolean;
  readonly own: Attributes;
  readonly quotas: ReadonlyMap<string, number>;
  readonly forwarded: string | undefined;
  readonly inbound: boolean;
  #mixer: Mixer | undefined;
  #ready: boolean;
  #closed = false;

  constructor(name: string, config: MixerConfig, parts: HttpFilterParts, open: OpenMixer | undefined) {
    this.name = name;
    this.checks = config.check;
    this.reports = config.report;
    this.own = config.attributes ? readAttributes(config.attributes) : new Map();
    this.quotas = new Map(Object.entries(config.quotas).map(([quota, amount]) => [quota, Number(amount)]));
    this.forwarded = config.forwarded && forwardedField(config.forwarded);
    this.inbound = parts.direction === 'inbound';
    this.#ready = open === undefined;
    if (open) void this.#open(open, config, parts);
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** There once the filter is ready, where it checks or reports. */
  get mixer(): Mixer {
    return this.#mixer!;
  }

  open(): StreamFilter {
    return new MixedRequest(this);
  }

  close(): void {
    this.#closed = true;
    void this.#mixer?.close();
  }

  async #open(open: OpenMixer, config: MixerConfig, parts: HttpFilterParts): Promise<void> {
    const { clusters, clock, dice, logger, node } = parts;
    const call = mixerCalls(clusters, config.cluster, clock);
    try {
      this.#mixer = await open({ config, call, nodeId: node?.id ?? '', clock, dice, logger: logger.named('mixer') });
    } catch (error) {
      // The listener stays as it was: it never becomes ready.
      return logger.error(`mixer filter ${this.name}: ${(error as Error).message}`);
    }
    if (this.#closed) return void this.#mixer.close();
    this.#ready = true;
    parts.onReady();
  }
}
