// Turns what a listener says of its filter chains' matching into one choice: by each chain's own match, or by a match tree.
import { fromBinary } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { compileMatchTree } from '@meltemi/decide';
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import { type ChooseChain, compileFilterChainMatch } from './filter-chain-match.ts';
import { ListenerConfigError } from './listener-config-error.ts';
import { networkInput } from './matcher/network-input.ts';
import { typeNameOf } from './type-name.ts';

/** A match tree named a chain that isn't there: the default chain does not take the connection. */
export const NO_CHAIN = -1;

/** The choice answers with the index of a chain, NO_CHAIN, or undefined for the default chain. Throws ListenerConfigError. */
export function chainChoice(config: Listener): ChooseChain {
  if (!config.filterChainMatcher)
    return compileFilterChainMatch(config.filterChains.map((chain) => chain.filterChainMatch));
  const indexes = new Map<string, number>();
  for (const [index, { name, filterChainMatch }] of config.filterChains.entries()) {
    if (name === '' || indexes.has(name))
      throw new ListenerConfigError('BAD_FILTER_CHAIN', `filter_chain_matcher: chain name "${name}" is not unique`);
    if (filterChainMatch)
      throw new ListenerConfigError(
        'BAD_FILTER_CHAIN',
        `filter chain "${name}": filter_chain_match beside filter_chain_matcher`,
      );
    indexes.set(name, index);
  }
  const result = ({ name, typedConfig }: TypedExtensionConfig) => {
    const type = typeNameOf(typedConfig);
    if (type !== StringValueSchema.typeName)
      throw new ListenerConfigError('UNKNOWN_FILTER', `filter_chain_matcher: action ${name}: unknown type ${type}`);
    return indexes.get(fromBinary(StringValueSchema, typedConfig!.value).value) ?? NO_CHAIN;
  };
  return compileMatchTree(config.filterChainMatcher, { input: networkInput, result });
}
