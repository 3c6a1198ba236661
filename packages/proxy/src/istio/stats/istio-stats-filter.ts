// Reports every request of a listener in Istio's metrics, as the end that this sidecar stands at.
import { fromBinary } from '@bufbuild/protobuf';
import { PluginConfigSchema } from '@meltemi/api/istio/stats/config_pb';
import type { HttpFilterType } from '../../http/filter/filter-type.ts';
import type { FilteredStream, HttpFilter, StreamFilter } from '../../http/filter/http-filter.ts';
import { workloadOf } from '../workload.ts';
import { RequestMetrics } from './request-metrics.ts';
import { istioStatsSettings } from './stats-settings.ts';

/** Istio's `istio.stats`. */
export const ISTIO_STATS_FILTER: HttpFilterType = {
  typeName: PluginConfigSchema.typeName,
  compile(name, config, { stats, clusters, node, direction }) {
    const settings = istioStatsSettings(fromBinary(PluginConfigSchema, config));
    const own = workloadOf(node?.metadata ?? {});
    const reporter = direction === 'inbound' || settings.reportsAsServer ? 'destination' : 'source';
    return new IstioStatsFilter(name, new RequestMetrics({ stats, clusters, settings, reporter, own }));
  },
};

class IstioStatsFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #metrics: RequestMetrics;

  constructor(name: string, metrics: RequestMetrics) {
    this.name = name;
    this.#metrics = metrics;
  }

  open(): StreamFilter {
    return this;
  }

  onFinish({ entry }: FilteredStream): void {
    this.#metrics.record(entry);
  }

  close(): void {
    this.#metrics.close();
  }
}
