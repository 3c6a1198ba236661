// Asks for the virtual host of a request that no route is known for, and lets it wait for the answer (VHDS).
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/on_demand_updates_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  OnDemandSchema,
  PerRouteConfigSchema,
} from '@meltemi/api/envoy/extensions/filters/http/on_demand/v3/on_demand_pb';
import { FilterConfigError } from '../http-config-error.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredStream, FilterStep, StreamFilter } from './http-filter.ts';
import { readMessage } from './read-message.ts';

export const ON_DEMAND_FILTER: HttpFilterType = {
  typeName: OnDemandSchema.typeName,
  compile(name, config) {
    if (fromBinary(OnDemandSchema, config).odcds) throw unsupported();
    return { name, open: () => new AwaitedRoute() };
  },
  readRouteConfig(config) {
    if (readMessage(config, PerRouteConfigSchema).odcds) throw unsupported();
    return undefined;
  },
};

function unsupported(): FilterConfigError {
  return new FilterConfigError('UNSUPPORTED_FIELD', 'on_demand: odcds is not supported');
}

class AwaitedRoute implements StreamFilter {
  #wait: { cancel(): void } | undefined;

  onRequest(stream: FilteredStream): FilterStep {
    if (stream.decision().kind !== 'not-found') return 'next';
    this.#wait = stream.awaitRoute(() => {
      this.#wait = undefined;
      stream.clearDecision();
      stream.resumeRequest(this);
    });
    return this.#wait ? 'wait' : 'next';
  }

  onFinish(): void {
    this.#wait?.cancel();
  }
}
