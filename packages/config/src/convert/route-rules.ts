// All RouteRules → one VirtualService a host, its routes in the order of precedence.
import type { Host, Labels } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { ServiceSpec } from '../model/kubernetes.ts';
import type { IstioService, RouteRule } from '../model/route-rule.ts';
import type { HttpRoute, VirtualService } from '../model/virtual-service.ts';
import { converted } from './converted.ts';
import { istioServiceHost } from './istio-service.ts';
import { matchesAll, routeRuleToHttp, type RouteRuleWorld } from './route-rule.ts';

export interface RouteRulesInput {
  readonly rules: readonly LocatedResource<RouteRule>[];
  readonly services: readonly LocatedResource<ServiceSpec>[];
  readonly domain: string;
  readonly subset: (host: Host, labels: Labels) => string;
}

export function convertRouteRules(input: RouteRulesInput): readonly LocatedResource<VirtualService>[] {
  const byHost = Map.groupBy(input.rules, (rule) => hostOf(rule.spec.destination, rule, input.domain));
  return Array.from(byHost, ([host, rules]) => virtualServiceOf(host, rules, input));
}

/** Labels that a rule routes by; `path` is where it says so. */
export interface RuleSubset {
  readonly host: Host;
  readonly namespace: string;
  readonly labels: Labels;
  readonly from: LocatedResource;
  readonly path: string;
}

/** The label sets that rules name, with the host whose pods they pick from. */
export function subsetsOfRules(rules: readonly LocatedResource<RouteRule>[], domain: string): readonly RuleSubset[] {
  return rules.flatMap((rule) => {
    const { destination, route = [], mirror } = rule.spec;
    const routes = route.map((weighted, index) => ({
      path: `spec.route[${index}]`,
      service: weighted.destination ?? destination,
      labels: weighted.labels ?? weighted.destination?.labels,
    }));
    const all = mirror ? [...routes, { service: mirror, labels: mirror.labels, path: 'spec.mirror' }] : routes;
    return all.flatMap(({ service, labels, path }) =>
      labels && Object.keys(labels).length > 0
        ? [
            {
              host: hostOf(service, rule, domain),
              namespace: namespaceOf(service, rule),
              labels,
              from: rule,
              path: `${path}.labels`,
            },
          ]
        : [],
    );
  });
}

function virtualServiceOf(
  host: Host,
  unordered: readonly LocatedResource<RouteRule>[],
  input: RouteRulesInput,
): LocatedResource<VirtualService> {
  const rules = unordered.toSorted(byPrecedence);
  const first = rules[0]!;
  const http = rules.map((rule) => routeRuleToHttp(rule.metadata.name, rule.spec, worldOf(rule, input)));
  const spec: VirtualService = { hosts: [host], http: withDefault(http, host) };
  const name = { name: `${shortName(host)}-route-rules`, namespace: namespaceOf(first.spec.destination, first) };
  return converted('VirtualService', name, spec, first, (path) => {
    const rule = rules[routeIndex(path)];
    return rule?.origin(rulePath(path, rule.spec));
  });
}

/** Higher precedence first; equals by name, so that the order doesn't depend on who came first. */
function byPrecedence(a: LocatedResource<RouteRule>, b: LocatedResource<RouteRule>): number {
  const byNumber = (b.spec.precedence ?? 0) - (a.spec.precedence ?? 0);
  return byNumber || (keyOf(a) < keyOf(b) ? -1 : 1);
}

/** A request that no rule takes goes to the service as if there were no rules. */
function withDefault(routes: readonly HttpRoute[], host: Host): readonly HttpRoute[] {
  return routes.some(matchesAll) ? routes : [...routes, { route: [{ destination: { host } }] }];
}

function worldOf(rule: LocatedResource<RouteRule>, input: RouteRulesInput): RouteRuleWorld {
  const host = (service: IstioService): Host => hostOf(service, rule, input.domain);
  return {
    host,
    subset: input.subset,
    selector: (service) => selectorOf(host(service), service, input),
  };
}

/** The selector of the service; of one that isn't known, the label that Istio's own samples use. */
function selectorOf(host: Host, service: IstioService, { services, domain }: RouteRulesInput): Labels {
  const known = services.find(
    ({ metadata }) => istioServiceHost({ name: metadata.name }, metadata.namespace, domain) === host,
  );
  return known?.spec.selector ?? { app: service.name ?? shortName(host) };
}

/** The field of the rule that a field of the VirtualService was made from. */
function rulePath(path: string, rule: RouteRule): string {
  const route = /^spec\.http\[\d+\]\.route\[(\d+)\]/.exec(path)?.[1];
  if (route !== undefined && rule.route?.[Number(route)]) return `spec.route[${route}]`;
  if (path.includes('.mirror')) return 'spec.mirror';
  return path.startsWith('spec.hosts') || route !== undefined ? 'spec.destination' : '';
}

const routeIndex = (path: string): number => Number(/^spec\.http\[(\d+)\]/.exec(path)?.[1] ?? 0);
const hostOf = (service: IstioService, rule: LocatedResource, domain: string): Host =>
  istioServiceHost(service, rule.metadata.namespace, domain);
const namespaceOf = (service: IstioService, rule: LocatedResource): string =>
  service.namespace ?? rule.metadata.namespace;
const shortName = (host: Host): string => host.split('.')[0] || host;
const keyOf = ({ metadata }: LocatedResource): string => `${metadata.namespace}/${metadata.name}`;
