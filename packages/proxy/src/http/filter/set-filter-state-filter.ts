// Notes texts of a request under keys that filters after it, and logs, go by.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/set_filter_state
import { fromBinary } from '@bufbuild/protobuf';
import {
  type Config,
  ConfigSchema,
} from '@meltemi/api/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb';
import { setStates, type StateValue, stateValues } from '../../filter-state/state-values.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';
import { readMessage } from './read-message.ts';

export const SET_FILTER_STATE_FILTER: HttpFilterType = {
  typeName: ConfigSchema.typeName,
  compile: (name, config) => new SetFilterStateFilter(name, settingsOf(fromBinary(ConfigSchema, config))),
  readRouteConfig: (config) => settingsOf(readMessage(config, ConfigSchema)),
};

interface StateSettings {
  readonly values: readonly StateValue[];
  readonly decidesAnew: boolean;
}

function settingsOf({ onRequestHeaders, clearRouteCache }: Config): StateSettings {
  return { values: stateValues(onRequestHeaders, ''), decidesAnew: clearRouteCache };
}

class SetFilterStateFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #own: StateSettings;

  constructor(name: string, own: StateSettings) {
    this.name = name;
    this.#own = own;
  }

  open(): StreamFilter {
    return this;
  }

  onRequest(stream: FilteredStream): FilterStep {
    let decidesAnew = this.#apply(this.#own, stream);
    for (const { config } of stream.routeConfigs(this.name).toReversed()) {
      if (config) decidesAnew = this.#apply(config as StateSettings, stream) || decidesAnew;
    }
    if (decidesAnew) stream.clearDecision();
    return 'next';
  }

  #apply({ values, decidesAnew }: StateSettings, { entry }: FilteredStream): boolean {
    setStates(values, entry, (key, text) => entry.setFilterState(key, text));
    return decidesAnew;
  }
}
