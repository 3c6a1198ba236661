// What clients hold of two control planes → where they differ in names and numbers; times count only when they agree.
import { type Type, TYPES } from './ads-client.ts';
import type { VariantCosts } from './measure-xds.ts';

/** What only istiod has: its own port beside the services' and what its API server brings. */
const THEIRS: Readonly<Record<Type, RegExp>> = {
  CDS: /^(?:outbound\|(?:443|15010|15012|15014)\|.*|.*kubernetes\.default\..*|agent|prometheus_stats|sds-grpc|xds-grpc|zipkin)$/,
  EDS: /kubernetes\.default\./,
  LDS: /^(?:10\.96\..*)$/,
  RDS: /^(?:15010|15014)$/,
};

export function differences(ours: VariantCosts, theirs: VariantCosts): readonly string[] {
  return TYPES.flatMap((type) => {
    const [least, most] = ours.held[type];
    const uneven = least === most ? [] : [`${type}: clients of ours hold ${least} to ${most}`];
    const own = new Set(ours.names[type]);
    const other = new Set(theirs.names[type].filter((name) => !THEIRS[type].test(name)));
    return [
      ...uneven,
      ...named(type, 'only ours', own.difference(other)),
      ...named(type, 'only theirs', other.difference(own)),
    ];
  });
}

function named(type: Type, what: string, names: ReadonlySet<string>): readonly string[] {
  if (names.size === 0) return [];
  return [`${type}: ${what}: ${names.size}, such as ${[...names].slice(0, 3).join(', ')}`];
}
