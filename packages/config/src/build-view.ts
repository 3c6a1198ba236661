// Decoded resources → the view of them: sorted, converted, checked against each other.
import { hash } from 'node:crypto';

import type { Problem } from '@meltemi/base';

import { convertDestinations } from './convert/destination-rules.ts';
import { convertEgressRule } from './convert/egress-rule.ts';
import { convertIngress, isMeshIngress } from './convert/ingress.ts';
import { convertRouteRules } from './convert/route-rules.ts';
import type { LocatedResource } from './located-resource.ts';
import { validateSet } from './validate-set.ts';
import type { ConfigView, KindName, ResourceByKind } from './view.ts';

/** `problems` are those that were found before: what could not be read or decoded. */
export function buildView(
  resources: readonly LocatedResource[],
  problems: readonly Problem[],
  domain = 'cluster.local',
): ConfigView {
  return new ViewBuilder(domain).build(resources, problems);
}

/** A kind's objects as they were given, and in order. */
interface Ordered {
  readonly given: readonly LocatedResource[];
  readonly sorted: readonly LocatedResource[];
}

type Objects = ConfigView['objects'];
type Converted = Pick<ConfigView, 'virtualServices' | 'destinationRules' | 'gateways' | 'serviceEntries' | 'problems'>;

/** Builds one view after the other. What is the same in two in a row is the same array. */
export class ViewBuilder {
  readonly #domain: string;
  #kinds: ReadonlyMap<string, Ordered> = new Map();
  #converted: Converted | undefined;

  constructor(domain = 'cluster.local') {
    this.#domain = domain;
  }

  build(resources: readonly LocatedResource[], problems: readonly Problem[]): ConfigView {
    const before = this.#kinds;
    const kinds = new Map(
      Array.from(
        Map.groupBy(resources, ({ kind }) => kind),
        ([kind, given]) => [kind, ordered(given, before.get(kind))] as const,
      ),
    );
    this.#kinds = kinds;
    const objects = <Kind extends KindName>(kind: Kind): readonly ResourceByKind[Kind][] =>
      (kinds.get(kind)?.sorted ?? NONE) as unknown as readonly ResourceByKind[Kind][];
    const converted = unchanged(this.#converted, convertAll(objects, this.#domain));
    this.#converted = converted;
    return viewOf({ resources, problems: [...problems, ...converted.problems], objects, converted }, this.#domain);
  }
}

const NONE: readonly never[] = [];

interface ViewParts {
  readonly resources: readonly LocatedResource[];
  readonly problems: readonly Problem[];
  readonly objects: Objects;
  readonly converted: Converted;
}

/** Resources are checked against each other when somebody asks what is wrong: it costs more than all else together. */
function viewOf({ resources, problems, objects, converted }: ViewParts, domain: string): ConfigView {
  const { virtualServices, destinationRules, gateways, serviceEntries } = converted;
  const version = versionOf(resources, problems);
  const parts = { version, virtualServices, destinationRules, gateways, serviceEntries, objects };
  let all: readonly Problem[] | undefined;
  return {
    ...parts,
    get problems() {
      all ??= [...problems, ...validateSet(resources, parts, domain)];
      return all;
    },
  };
}

/** Objects of one kind in the order of `byAge`; as before where the same were given. */
function ordered(given: readonly LocatedResource[], before: Ordered | undefined): Ordered {
  if (before && sameItems(before.given, given)) return before;
  return { given, sorted: given.toSorted(byAge) };
}

function unchanged(before: Converted | undefined, now: Converted): Converted {
  if (!before) return now;
  const { virtualServices, destinationRules, gateways, serviceEntries, problems } = now;
  return {
    virtualServices: reused(before.virtualServices, virtualServices),
    destinationRules: reused(before.destinationRules, destinationRules),
    gateways: reused(before.gateways, gateways),
    serviceEntries: reused(before.serviceEntries, serviceEntries),
    problems,
  };
}

function reused<Item>(before: readonly Item[], now: readonly Item[]): readonly Item[] {
  return sameItems(before, now) ? before : now;
}

function sameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

function convertAll(objects: Objects, domain: string): Converted {
  const services = objects('Service');
  const rules = objects('RouteRule');
  const { destinationRules, subset } = convertDestinations({
    rules,
    policies: objects('DestinationPolicy'),
    destinationRules: objects('DestinationRule'),
    domain,
  });
  const ingresses = objects('Ingress')
    .filter(isMeshIngress)
    .map((ingress) => convertIngress(ingress, { services, domain }));
  return {
    virtualServices: [
      ...objects('VirtualService'),
      ...convertRouteRules({ rules, services, domain, subset }),
      ...ingresses.flatMap(({ virtualServices }) => virtualServices),
    ],
    destinationRules,
    gateways: [...objects('Gateway'), ...ingresses.map(({ gateway }) => gateway)],
    serviceEntries: [
      ...objects('ServiceEntry'),
      ...objects('EgressRule').map((rule) => convertEgressRule(rule, domain)),
    ],
    problems: ingresses.flatMap((ingress) => ingress.problems),
  };
}

/** Older objects first, and of one age by name: who came first holds where two say something of the same. */
function byAge(a: LocatedResource, b: LocatedResource): number {
  return compare(ageKey(a), ageKey(b));
}

const ageKeys = new WeakMap<LocatedResource, string>();

/** An object that doesn't know when it was made counts as older than those that do. */
function ageKey(resource: LocatedResource): string {
  const known = ageKeys.get(resource);
  if (known !== undefined) return known;
  const { metadata, kind } = resource;
  const key = [metadata.creationTimestamp, metadata.name, metadata.namespace, kind].join('\0');
  ageKeys.set(resource, key);
  return key;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Problems of resources beside each other follow from the resources. */
function versionOf(resources: readonly LocatedResource[], problems: readonly Problem[]): string {
  const text = `${resources.map(contentKey).join('\n')}\n${JSON.stringify(problems)}`;
  return hash('sha256', text, 'hex').slice(0, 16);
}

const contentKeys = new WeakMap<LocatedResource, string>();

/** The same for an object that says the same at the same place. */
export function contentKey(resource: LocatedResource): string {
  const known = contentKeys.get(resource);
  if (known !== undefined) return known;
  const { kind, metadata, source } = resource;
  const line = JSON.stringify([kind, metadata.namespace, metadata.name, metadata.resourceVersion, source]);
  const key = hash('sha256', line, 'base64').slice(0, 16);
  contentKeys.set(resource, key);
  return key;
}
