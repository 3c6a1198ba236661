// Answers CORS preflights in the filter's place in the chain; what the answer says is the route's decision.
import { preflightAnswer } from '../own-answer.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';

export const CORS_FILTER: HttpFilterType = {
  typeName: 'envoy.extensions.filters.http.cors.v3.Cors',
  compile: (name) => new CorsFilter(name),
  // `decide` reads what routes say.
  readRouteConfig: () => undefined,
};

class CorsFilter implements HttpFilter, StreamFilter {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  open(): StreamFilter {
    return this;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const decision = stream.decision();
    if (decision.kind !== 'cors-preflight') return 'next';
    stream.answer(preflightAnswer(decision.status));
    return 'answered';
  }
}
