// The part of a match tree that goes by address ranges: the longest range first.
// https://www.envoyproxy.io/docs/envoy/latest/xds/type/matcher/v3/ip.proto
import { unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import { IPMatcherSchema } from '@meltemi/api/xds/type/matcher/v3/ip_pb';
import type { Matcher_OnMatch as OnMatch } from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import { ipBytes, networkKey } from '@meltemi/base';
import { DecideError } from '../decide-error.ts';

interface Range<View, Result> {
  readonly bytes: number;
  readonly length: number;
  readonly network: string;
  /** Where what follows finds nothing, shorter ranges are not asked. */
  readonly exclusive: boolean;
  readonly follow: (view: View) => Result | undefined;
}

/** Throws DecideError for another custom matcher and for ranges that are none. */
export function ipTree<View, Result>(
  { name, typedConfig }: TypedExtensionConfig,
  compile: (onMatch: OnMatch) => (view: View) => Result | undefined,
): (value: string, view: View) => Result | undefined {
  const config = unpackAny(typedConfig, IPMatcherSchema);
  if (!config) throw new DecideError('UNSUPPORTED', `matcher: custom matcher ${name}: ${typedConfig?.typeUrl ?? ''}`);
  const ranges = config.rangeMatchers.flatMap((matcher) => {
    const follow = matcher.onMatch ? compile(matcher.onMatch) : () => undefined;
    return matcher.ranges.map((range) => rangeOf(range, matcher.exclusive, follow));
  });
  ranges.sort((a, b) => b.length - a.length);
  return (value, view) => search(ranges, value, view);
}

function search<View, Result>(ranges: readonly Range<View, Result>[], value: string, view: View): Result | undefined {
  const address = ipBytes(value);
  if (!address) return undefined;
  for (const range of ranges) {
    if (range.bytes !== address.length || networkKey(address, range.length) !== range.network) continue;
    const result = range.follow(view);
    if (result !== undefined || range.exclusive) return result;
  }
  return undefined;
}

function rangeOf<View, Result>(
  { addressPrefix, prefixLen }: { readonly addressPrefix: string; readonly prefixLen?: number | undefined },
  exclusive: boolean,
  follow: Range<View, Result>['follow'],
): Range<View, Result> {
  const address = ipBytes(addressPrefix);
  const length = prefixLen ?? 0;
  if (!address || length > address.length * 8)
    throw new DecideError('BAD_MATCH', `matcher: ${addressPrefix}/${length} is no address range`);
  return { bytes: address.length, length, network: networkKey(address, length), exclusive, follow };
}
