// Makes random rules for the platform on which control planes are compared: the same for the same seed.
import * as fc from 'fast-check';
import { destinationRule } from './compared-destinations.ts';
import { gateway, serviceEntry, sidecar, workloadEntry } from './compared-entries.ts';
import { virtualService } from './compared-routing.ts';

const NAMESPACES = ['alpha', 'beta', 'gamma', 'istio-system'] as const;
/** Where each kind may stand: a gateway's rules lie beside it, as anywhere. */
const KINDS = {
  VirtualService: { spec: virtualService, most: 6 },
  DestinationRule: { spec: destinationRule, most: 5 },
  ServiceEntry: { spec: serviceEntry, most: 4 },
  WorkloadEntry: { spec: workloadEntry, most: 2 },
  Sidecar: { spec: sidecar, most: 1 },
  Gateway: { spec: gateway, most: 2 },
} as const;

/** One object in JSON, with the time at which it was made: order decides between rules of one host. */
function object(kind: keyof typeof KINDS): fc.Arbitrary<object> {
  const { spec } = KINDS[kind];
  return fc
    .record({ namespace: fc.constantFrom(...NAMESPACES), spec: spec as fc.Arbitrary<object>, second: fc.nat(59) })
    .map(({ namespace, spec: content, second }) => ({
      apiVersion: 'networking.istio.io/v1',
      kind,
      metadata: { namespace, creationTimestamp: `2020-01-01T00:00:${String(second).padStart(2, '0')}Z` },
      spec: content,
    }));
}

/** Rules name gateways of their own namespace. */
function nameOf(each: object, index: number): string {
  return (each as { readonly kind: string }).kind === 'Gateway' ? 'rule-gateway' : `rule-${index}`;
}

/** The rules of one round, each with a name of its own. */
const rules = fc
  .tuple(
    ...(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) =>
      fc.array(object(kind), { maxLength: KINDS[kind].most }),
    ),
  )
  .map((all) =>
    withoutTwins(
      all.flat().map((each, index) => ({
        ...each,
        metadata: { ...(each as { readonly metadata: object }).metadata, name: nameOf(each, index) },
      })),
    ),
  );

/** One Gateway a namespace, and one Sidecar: of several Istio takes any. A host is declared in one namespace. */
function withoutTwins(all: readonly object[]): readonly object[] {
  const key = (each: object, index: number) => {
    const { kind, metadata, spec } = each as {
      readonly kind: string;
      readonly metadata: { readonly namespace: string };
      readonly spec: { readonly hosts?: readonly string[] };
    };
    if (kind === 'ServiceEntry') return `${kind} ${spec.hosts![0]}`;
    return kind === 'Gateway' || kind === 'Sidecar' ? `${kind} ${metadata.namespace}` : String(index);
  };
  return [...new Map(all.map((each, index) => [key(each, index), each])).values()];
}

/** `rounds` sets of rules. */
export function randomRules(seed: number, rounds: number): readonly (readonly object[])[] {
  return fc.sample(rules, { seed, numRuns: rounds });
}
