// Adds, replaces and removes header fields of requests and responses, as the listener says and then as the route says.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/header_mutation_filter
import { fromBinary } from '@bufbuild/protobuf';
import type { HeaderMutation as OneMutation } from '@meltemi/api/envoy/config/common/mutation_rules/v3/mutation_rules_pb';
import {
  HeaderMutationPerRouteSchema,
  HeaderMutationSchema,
  type Mutations,
} from '@meltemi/api/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb';
import { applyHeaderChanges, compileHeaderChanges, type HeaderChange, joinLevels } from '@meltemi/decide';
import { FilterConfigError } from '../http-config-error.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredResponse, FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';
import { readMessage } from './read-message.ts';

export const HEADER_MUTATION_FILTER: HttpFilterType = {
  typeName: HeaderMutationSchema.typeName,
  compile(name, config) {
    const { mutations, mostSpecificHeaderMutationsWins } = fromBinary(HeaderMutationSchema, config);
    return new HeaderMutationFilter(name, changesOf(mutations), mostSpecificHeaderMutationsWins);
  },
  readRouteConfig: (config) => changesOf(readMessage(config, HeaderMutationPerRouteSchema).mutations),
};

interface Changes {
  readonly request: readonly HeaderChange[];
  readonly response: readonly HeaderChange[];
}

function changesOf(mutations: Mutations | undefined): Changes {
  return {
    request: changes(mutations?.requestMutations ?? []),
    response: changes(mutations?.responseMutations ?? []),
  };
}

/** One after the other, as they are written. */
function changes(mutations: readonly OneMutation[]): readonly HeaderChange[] {
  return joinLevels(mutations.map(change));
}

function change({ action }: OneMutation): readonly HeaderChange[] {
  switch (action.case) {
    case 'remove':
      return compileHeaderChanges([], [action.value]);
    case 'append':
      return compileHeaderChanges([action.value], []);
    default:
      throw new FilterConfigError('UNSUPPORTED_FIELD', 'header_mutation: a mutation has one of remove and append');
  }
}

class HeaderMutationFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #own: Changes;
  readonly #mostSpecificLast: boolean;

  constructor(name: string, own: Changes, mostSpecificLast: boolean) {
    this.name = name;
    this.#own = own;
    this.#mostSpecificLast = mostSpecificLast;
  }

  open(): StreamFilter {
    return this;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const { headers } = stream.head;
    for (const { request } of this.#levels(stream)) applyHeaderChanges(request, headers, stream.entry);
    return 'next';
  }

  onResponse({ headers }: FilteredResponse, stream: FilteredStream): void {
    for (const { response } of this.#levels(stream)) applyHeaderChanges(response, headers, stream.entry);
  }

  /** The listener's own come first; of the route's levels the most specific comes first, unless it shall win. */
  #levels(stream: FilteredStream): readonly Changes[] {
    const given = stream.routeConfigs(this.name);
    if (given.length === 0) return [this.#own];
    const ofRoute = given.flatMap(({ config }) => (config as Changes | undefined) ?? []);
    return [this.#own, ...(this.#mostSpecificLast ? ofRoute.toReversed() : ofRoute)];
  }
}
