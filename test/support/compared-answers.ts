// What a control plane answered, as JSON in which what means the same is written the same; and where two answers differ.
import { createRegistry, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { extensionRegistry } from '@meltemi/api';
import { NameTableSchema } from '@meltemi/api/istio/networking/nds/v1/nds_pb';
import { collectedAny } from './xds-collect.ts';

/** A place in a resource with what each side has there; undefined: nothing. */
export interface Difference {
  /** As `.filterChains[2].name`. */
  readonly path: string;
  readonly istiod: JsonValue | undefined;
  readonly ours: JsonValue | undefined;
}

const registry = createRegistry(extensionRegistry(), NameTableSchema);

/** Resources by name. */
export function comparable(resources: readonly string[]): ReadonlyMap<string, JsonValue> {
  const decoded = resources.map((text) => toJson(AnySchema, collectedAny(text), { registry }));
  return new Map(decoded.map((json) => [nameOf(json as JsonObject), normalised(json)]));
}

/** Every place where two values differ. */
export function differences(istiod: JsonValue | undefined, ours: JsonValue | undefined, path = ''): Difference[] {
  if (JSON.stringify(istiod) === JSON.stringify(ours)) return [];
  if (Array.isArray(istiod) && Array.isArray(ours) && istiod.length === ours.length) {
    return istiod.flatMap((each, index) => differences(each, ours[index], `${path}[${index}]`));
  }
  if (!isObject(istiod) || !isObject(ours)) return [{ path, istiod, ours }];
  const keys = [...new Set([...Object.keys(istiod), ...Object.keys(ours)])];
  return keys.flatMap((key) => differences(istiod[key], ours[key], `${path}.${key}`));
}

function nameOf(resource: JsonObject): string {
  return textOf(resource['name'] ?? resource['clusterName']);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Names of statistics, and where a rule was written: they change no traffic. */
const UNCOMPARED = ['statPrefix', 'meltemi'];
/** Written or not, they say the same. */
const SAME_AS_ABSENT: Readonly<Record<string, string>> = {
  filterChainMatch: '{}',
  commonLbConfig: '{}',
  locality: '{}',
  http2ProtocolOptions: '{}',
  healthStatus: '"HEALTHY"',
  pathRedirect: '""',
  caseSensitive: 'true',
  matchSubjectAltNames: '[]',
};
/** Their order has no meaning. */
const SETS = [
  'domains',
  'lbEndpoints',
  'filterChains',
  'virtualHosts',
  'endpoints',
  'applicationProtocols',
  'serverNames',
  'headers',
  'queryParameters',
  'ips',
];
/** Other ways to write the same, and the one in which they are compared. */
const NEWER: Readonly<Record<string, (value: JsonValue) => [string, JsonValue]>> = {
  // Of a certificate of the mesh the names are URIs, whichever of the two fields asks for them.
  matchTypedSubjectAltNames: (value) => [
    'matchSubjectAltNames',
    (value as JsonObject[]).map(({ matcher }) => matcher as JsonValue),
  ],
  // One cluster gets everything, whatever its weight.
  weightedClusters: (value) => {
    const [only, ...others] = (value as JsonObject)['clusters'] as readonly JsonObject[];
    const changes = Object.keys(only ?? {}).some((key) => key.includes('Headers'));
    return others.length === 0 && !changes ? ['cluster', only!['name']!] : ['weightedClusters', value];
  },
  // Nothing at all is a share of nothing.
  percentage: (value) => ['percentage', JSON.stringify(value) === '{}' ? { numerator: 0 } : value],
  // A list that begins with nothing.
  retryOn: (value) => ['retryOn', textOf(value).replace(/^,/, '')],
  headerName: (value) => ['headerName', textOf(value).toLowerCase()],
  // Envoy reads names of headers in lower case.
  headers: (value) => [
    'headers',
    Array.isArray(value)
      ? (value as JsonObject[]).map((each) => ({ ...each, name: textOf(each['name']).toLowerCase() }))
      : value,
  ],
};

function normalised(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(normalised);
  if (!isObject(value)) return value;
  if ('numerator' in value || 'denominator' in value) return share(value);
  const fields = Object.entries(withoutOwnName(withoutTwins(value))).flatMap(([key, inner]): [string, JsonValue][] => {
    const [name, newer] = NEWER[key]?.(inner) ?? [key, inner];
    const field = normalised(newer);
    if (UNCOMPARED.includes(name) || SAME_AS_ABSENT[name] === JSON.stringify(field)) return [];
    return [[name, SETS.includes(name) && Array.isArray(field) ? sorted(field) : field]];
  });
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** istiod lists an endpoint once for each address of its service. */
function withoutTwins(value: JsonObject): JsonObject {
  const { lbEndpoints, loadBalancingWeight } = value;
  if (!Array.isArray(lbEndpoints)) return value;
  const single = [...new Map(lbEndpoints.map((each) => [JSON.stringify(each), each])).values()];
  const share = single.length / lbEndpoints.length;
  return {
    ...value,
    lbEndpoints: single,
    ...(share < 1 && { loadBalancingWeight: Number(loadBalancingWeight) * share }),
  };
}

/** istiod says of each cluster that it is counted under its name, and of both that pass on under one. */
function withoutOwnName({ altStatName, ...value }: JsonObject): JsonObject {
  const own = [`${textOf(value['name'])};`, 'PassthroughCluster;', ''].includes(textOf(altStatName));
  return own || altStatName === undefined ? value : { ...value, altStatName };
}

const PARTS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/** A share of requests, in whatever parts it is written. */
function share({ numerator, denominator }: JsonObject): JsonValue {
  return Number(numerator ?? 0) / PARTS[textOf(denominator ?? 'HUNDRED')]!;
}

function sorted(values: readonly JsonValue[]): JsonValue[] {
  return values.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Virtual hosts go by name, chains by what they match, all else by its whole text. */
function keyOf(value: JsonValue): string {
  const whole = JSON.stringify(value);
  if (!isObject(value)) return whole;
  const { name, routes, filters, filterChainMatch } = value;
  if (filters !== undefined) return `${JSON.stringify(filterChainMatch ?? {})} ${whole}`;
  return routes === undefined ? whole : `${JSON.stringify(name)} ${whole}`;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
