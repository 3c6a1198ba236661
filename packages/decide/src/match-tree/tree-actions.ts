// Lists the actions that a match tree can come to.
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import { IPMatcherSchema } from '@meltemi/api/xds/type/matcher/v3/ip_pb';
import type { Matcher, Matcher_OnMatch as OnMatch } from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import { unpackAny } from '@meltemi/api';

export function treeActions({ matcherType, onNoMatch }: Matcher): readonly TypedExtensionConfig[] {
  return [...branchesOf(matcherType), ...(onNoMatch ? [onNoMatch] : [])].flatMap(actionsOf);
}

function actionsOf({ onMatch }: OnMatch): readonly TypedExtensionConfig[] {
  switch (onMatch.case) {
    case 'matcher':
      return treeActions(onMatch.value);
    case 'action':
      return [onMatch.value];
    case undefined:
      return [];
  }
}

function branchesOf(matcherType: Matcher['matcherType']): readonly OnMatch[] {
  switch (matcherType.case) {
    case 'matcherList':
      return matcherType.value.matchers.flatMap(({ onMatch }) => onMatch ?? []);
    case 'matcherTree': {
      const { treeType } = matcherType.value;
      if (treeType.case === 'customMatch') return rangeBranches(treeType.value);
      return Object.values(treeType.value?.map ?? {});
    }
    case undefined:
      return [];
  }
}

function rangeBranches({ typedConfig }: TypedExtensionConfig): readonly OnMatch[] {
  const ranges = unpackAny(typedConfig, IPMatcherSchema)?.rangeMatchers ?? [];
  return ranges.flatMap(({ onMatch }) => onMatch ?? []);
}
