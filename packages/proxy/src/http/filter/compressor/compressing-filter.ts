// What the work on one exchange needs of the compressor that it belongs to.
import type { FilteredStream } from '../http-filter.ts';
import type { Compression } from './compression.ts';
import type { DirectionRules, ResponseRules, RouteRules } from './compressor-rules.ts';
import type { ChoiceStats, DirectionStats } from './compressor-stats.ts';

export interface CompressingFilter {
  readonly library: Compression;
  readonly chooseFirst: boolean;
  readonly request: DirectionRules;
  readonly response: ResponseRules;
  readonly requestStats: DirectionStats;
  readonly responseStats: DirectionStats;
  readonly choiceStats: ChoiceStats;
  /** What the request's route says. */
  routeRules(stream: FilteredStream): RouteRules | undefined;
}
