// Turns the bootstrap's stats_matcher into the test for a stat's name.
import { compileStringMatcher } from '@meltemi/decide';
import type { StatsMatcher } from '@meltemi/api/envoy/config/metrics/v3/stats_pb';
import type { ListStringMatcher } from '@meltemi/api/envoy/type/matcher/v3/string_pb';

/** Says which stats are shown. Without a matcher: all. Throws for an expression that can't be compiled. */
export function statMatcher(config: StatsMatcher | undefined): (name: string) => boolean {
  const matcher = config?.statsMatcher;
  switch (matcher?.case) {
    case 'rejectAll':
      return () => !matcher.value;
    case 'inclusionList':
      return remembered(anyOf(matcher.value));
    case 'exclusionList': {
      const excluded = anyOf(matcher.value);
      return remembered((name) => !excluded(name));
    }
    default:
      return () => true;
  }
}

function anyOf(list: ListStringMatcher): (name: string) => boolean {
  const patterns = list.patterns.map(compileStringMatcher);
  return (name) => patterns.some(({ test }) => test(name));
}

/** Names live long and are asked for at every scrape; what exceeds the bound is computed anew. */
function remembered(test: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const answer = known.get(name) ?? test(name);
    if (known.size < REMEMBERED) known.set(name, answer);
    return answer;
  };
}

const REMEMBERED = 100_000;
