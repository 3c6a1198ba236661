// The clusters that a route can lead to, and the choice among them.
import type {
  Route,
  RouteAction,
  WeightedCluster,
  WeightedCluster_ClusterWeight as ClusterWeight,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { Metadata } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { corsFieldsOf, type CorsRule } from './cors.ts';
import { DecideError } from './decide-error.ts';
import type { TraceSink } from './decision.ts';
import type { FaultRule } from './fault.ts';
import { corsOf, faultOf } from './filter-config.ts';
import { type FilterConfigs, filterConfigsOf, type RouteFilterConfigs } from './route-filter-config.ts';
import { parseInteger } from './header-match.ts';
import { firstOf, headerOf, type RequestView } from './request-view.ts';
import { compileLevel, type LevelChanges, NO_CHANGES, orderChanges, type RouteContext } from './route-level.ts';

/** A cluster with everything that depends on which cluster it is. */
export interface Target {
  /** Empty where `clusterHeader` names the header to take it from. */
  readonly cluster: string;
  readonly clusterHeader: string;
  /** Undefined: the weighted cluster rewrites no host. */
  readonly authority: string | undefined;
  readonly headers: LevelChanges;
  readonly subset: Readonly<Record<string, unknown>> | undefined;
  readonly fault: FaultRule | undefined;
  readonly cors: CorsRule | undefined;
  readonly filterConfigs: RouteFilterConfigs;
}

export type Targets =
  | { readonly kind: 'one'; readonly target: Target }
  | {
      readonly kind: 'weighted';
      readonly total: number;
      /** A request header whose number decides in the place of chance; empty: none. */
      readonly randomHeader: string;
      readonly choices: readonly Choice[];
    };

/** The target of the interval that ends before `end` and begins at the end of the one before. */
interface Choice {
  readonly end: number;
  readonly target: Target;
}

/** Throws DecideError. */
export function compileTargets(route: Route, action: RouteAction, context: RouteContext): Targets {
  const specifier = action.clusterSpecifier;
  switch (specifier.case) {
    case 'cluster':
      if (specifier.value === '') throw new DecideError('BAD_ACTION', 'the cluster has no name');
      return { kind: 'one', target: compileTarget(route, action, context, { cluster: specifier.value }) };
    case 'clusterHeader':
      return { kind: 'one', target: compileTarget(route, action, context, { clusterHeader: specifier.value }) };
    case 'weightedClusters':
      return compileWeighted(route, action, context, specifier.value);
    case 'clusterSpecifierPlugin':
      throw new DecideError('UNSUPPORTED', `cluster specifier plugin ${specifier.value}`);
    case 'inlineClusterSpecifierPlugin':
      throw new DecideError('UNSUPPORTED', `cluster specifier plugin ${specifier.value.extension?.name ?? ''}`);
    case undefined:
      throw new DecideError('BAD_ACTION', 'a route action names no cluster');
  }
}

/** `chance` is the decision's one number for routing (`rollInteger`). */
export function pickTarget(targets: Targets, request: RequestView, chance: number, trace?: TraceSink): Target {
  if (targets.kind === 'one') return targets.target;
  const fromHeader = targets.randomHeader === '' ? undefined : headerValue(targets.randomHeader, request);
  const point = fromHeader === undefined ? chance % targets.total : Number(fromHeader % BigInt(targets.total));
  let begin = 0;
  for (const { end, target } of targets.choices) {
    const hit = point < end;
    trace?.add({
      subject: 'cluster',
      name: target.cluster || target.clusterHeader,
      source: undefined,
      outcome: hit ? 'matched' : 'missed',
      reason: `weight ${end - begin} of ${targets.total}: ${point} in [${begin}, ${end})`,
    });
    if (hit) return target;
    begin = end;
  }
  throw new RangeError(`${chance} is not an integer in [0, 2^53)`);
}

export function clusterOf(target: Target, request: RequestView): string {
  // Of a header that anyone may send only the first value counts.
  return target.clusterHeader === '' ? target.cluster : (firstOf(request, target.clusterHeader) ?? '');
}

function headerValue(name: string, request: RequestView): bigint | undefined {
  // Of a repeated header joined values are no number: chance decides, as in Envoy.
  const value = parseInteger(headerOf(request, name) ?? '');
  return value === undefined || value < 0n ? undefined : value;
}

function compileWeighted(route: Route, action: RouteAction, context: RouteContext, weighted: WeightedCluster): Targets {
  let total = 0;
  const choices = weighted.clusters.map((cluster): Choice => {
    if ((cluster.name === '') === (cluster.clusterHeader === '')) {
      throw new DecideError('BAD_ACTION', 'a weighted cluster has one of name and cluster_header');
    }
    total += cluster.weight ?? 0;
    return { end: total, target: compileWeightedTarget(route, action, context, cluster) };
  });
  if (total === 0) throw new DecideError('BAD_ACTION', 'the weights of the clusters add up to 0');
  if (total > 0xffff_ffff) throw new DecideError('BAD_ACTION', `the weights of the clusters add up to ${total}`);
  const { randomValueSpecifier: random } = weighted;
  return {
    kind: 'weighted',
    total,
    randomHeader: random.case === 'headerName' ? random.value.toLowerCase() : '',
    choices,
  };
}

function compileWeightedTarget(
  route: Route,
  action: RouteAction,
  context: RouteContext,
  weight: ClusterWeight,
): Target {
  const rewrite = weight.hostRewriteSpecifier;
  return compileTarget(route, action, context, {
    cluster: weight.name,
    clusterHeader: weight.clusterHeader,
    authority: rewrite.case === 'hostRewriteLiteral' && rewrite.value !== '' ? rewrite.value : undefined,
    level: compileLevel(weight),
    metadata: weight.metadataMatch,
    filterConfigs: weight.typedPerFilterConfig,
  });
}

interface TargetParts {
  readonly cluster?: string;
  readonly clusterHeader?: string;
  readonly authority?: string | undefined;
  readonly level?: LevelChanges;
  readonly metadata?: Metadata | undefined;
  readonly filterConfigs?: FilterConfigs;
}

function compileTarget(route: Route, action: RouteAction, context: RouteContext, parts: TargetParts): Target {
  const levels = [parts.filterConfigs ?? {}, route.typedPerFilterConfig, ...context.filterConfigs];
  const olderCors = [...(action.cors ? [corsFieldsOf(action.cors)] : []), ...context.cors];
  return {
    cluster: parts.cluster ?? '',
    clusterHeader: parts.clusterHeader?.toLowerCase() ?? '',
    authority: parts.authority,
    headers: orderChanges(context.headers, compileLevel(route), parts.level ?? NO_CHANGES),
    subset: subsetOf(action.metadataMatch, parts.metadata),
    fault: faultOf(levels, context.filters),
    cors: corsOf(levels, olderCors, context.filters),
    filterConfigs: filterConfigsOf(levels, context.filters),
  };
}

function subsetOf(...metadata: readonly (Metadata | undefined)[]): Readonly<Record<string, unknown>> | undefined {
  const subsets = metadata.flatMap((each) => each?.filterMetadata['envoy.lb'] ?? []);
  return subsets.length > 0 ? Object.assign({}, ...subsets) : undefined;
}
