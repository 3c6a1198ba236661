// The part of a match tree that goes by address ranges: the longest range first.
// https://www.envoyproxy.io/docs/envoy/latest/xds/type/matcher/v3/ip.proto
import { fromBinary } from '@bufbuild/protobuf';
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import { IPMatcherSchema } from '@meltemi/api/xds/type/matcher/v3/ip_pb';
import type { Matcher_OnMatch as OnMatch } from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import type { ConnectionFacts } from '../connection-facts.ts';
import { ipBytes, networkKey } from '../ip-prefix.ts';
import { ListenerConfigError } from '../listener-config-error.ts';
import { typeNameOf } from '../type-name.ts';

interface Range<Result> {
  readonly bytes: number;
  readonly length: number;
  readonly network: string;
  /** Where what follows finds nothing, shorter ranges are not asked. */
  readonly exclusive: boolean;
  readonly follow: (facts: ConnectionFacts) => Result | undefined;
}

/** Throws ListenerConfigError for another custom matcher and for ranges that are none. */
export function ipTree<Result>(
  config: TypedExtensionConfig,
  compile: (onMatch: OnMatch) => (facts: ConnectionFacts) => Result | undefined,
): (value: string, facts: ConnectionFacts) => Result | undefined {
  const type = typeNameOf(config.typedConfig);
  if (type !== IPMatcherSchema.typeName)
    throw new ListenerConfigError('UNKNOWN_FILTER', `custom matcher ${config.name}: unknown type ${type}`);
  const ranges = fromBinary(IPMatcherSchema, config.typedConfig!.value).rangeMatchers.flatMap((matcher) => {
    const follow = matcher.onMatch ? compile(matcher.onMatch) : () => undefined;
    return matcher.ranges.map((range) => rangeOf(range, matcher.exclusive, follow));
  });
  ranges.sort((a, b) => b.length - a.length);
  return (value, facts) => search(ranges, value, facts);
}

function search<Result>(ranges: readonly Range<Result>[], value: string, facts: ConnectionFacts): Result | undefined {
  const address = ipBytes(value);
  if (!address) return undefined;
  for (const range of ranges) {
    if (range.bytes !== address.length || networkKey(address, range.length) !== range.network) continue;
    const result = range.follow(facts);
    if (result !== undefined || range.exclusive) return result;
  }
  return undefined;
}

function rangeOf<Result>(
  { addressPrefix, prefixLen }: { readonly addressPrefix: string; readonly prefixLen?: number | undefined },
  exclusive: boolean,
  follow: Range<Result>['follow'],
): Range<Result> {
  const address = ipBytes(addressPrefix);
  const length = prefixLen ?? 0;
  if (!address || length > address.length * 8)
    throw new ListenerConfigError('BAD_FILTER_CHAIN', `matcher: ${addressPrefix}/${length} is no address range`);
  return { bytes: address.length, length, network: networkKey(address, length), exclusive, follow };
}
