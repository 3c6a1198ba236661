// Turns the messages of subset load balancing into settings.
import type { JsonObject } from '@bufbuild/protobuf';
import type { SubsetFallback, SubsetSelector, SubsetSettings } from './balancer-settings.ts';
import { ClusterConfigError } from './cluster-config-error.ts';

/** What `lb_subset_config` and the typed policy have in common, the numbers of their enums too. */
interface SubsetMessage {
  readonly fallbackPolicy: number;
  readonly defaultSubset?: JsonObject | undefined;
  readonly subsetSelectors: readonly SelectorMessage[];
  readonly localityWeightAware: boolean;
  readonly scaleLocalityWeight: boolean;
  readonly panicModeAny: boolean;
  readonly listAsAny: boolean;
  readonly metadataFallbackPolicy: number;
}

interface SelectorMessage {
  readonly keys: readonly string[];
  readonly fallbackPolicy: number;
  readonly fallbackKeysSubset: readonly string[];
}

const FALLBACKS: readonly SubsetFallback[] = ['none', 'any', 'default'];
const SELECTOR_FALLBACKS: readonly SubsetSelector['fallback'][] = [undefined, 'none', 'any', 'default', 'keys'];

/** Throws ClusterConfigError. */
export function subsetSettings(message: SubsetMessage): SubsetSettings {
  const defaultSubset = message.defaultSubset ?? {};
  return {
    selectors: message.subsetSelectors.map(selectorOf),
    fallback: FALLBACKS[message.fallbackPolicy] ?? 'none',
    defaultSubset,
    localityWeightAware: message.localityWeightAware,
    scaleLocalityWeight: message.scaleLocalityWeight,
    panicModeAny: message.panicModeAny,
    listAsAny: message.listAsAny,
    metadataFallback: message.metadataFallbackPolicy === 1,
  };
}

function selectorOf(message: SelectorMessage): SubsetSelector {
  const { keys, fallbackKeysSubset: fallbackKeys } = message;
  const fallback = SELECTOR_FALLBACKS[message.fallbackPolicy];
  if (fallback === 'keys' && !isProperPart(fallbackKeys, keys)) {
    throw new ClusterConfigError(
      'BAD_VALUE',
      `fallback_keys_subset [${fallbackKeys.join(', ')}] is not a part of the selector's keys [${keys.join(', ')}]`,
    );
  }
  return { keys: [...new Set(keys)].sort(), fallback, fallbackKeys };
}

function isProperPart(some: readonly string[], all: readonly string[]): boolean {
  return some.length > 0 && some.length < new Set(all).size && some.every((key) => all.includes(key));
}
