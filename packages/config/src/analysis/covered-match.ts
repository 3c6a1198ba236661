// Two matches of HTTP routes → whether the earlier takes every request that the later one means.
import type { HttpMatch } from '../model/virtual-service.ts';

/** Looks at prefixes of paths: the earlier one's is shorter, and all else that they ask for is the same. */
export function coversMatch(earlier: HttpMatch, later: HttpMatch): boolean {
  const short = earlier.uri?.prefix;
  const long = later.uri?.prefix;
  if (!short || !long || short === long || !long.startsWith(short)) return false;
  return conditions(earlier) === conditions(later);
}

function conditions(match: HttpMatch): string {
  const { name: _, statPrefix: _also, uri: _path, ...others } = match;
  return JSON.stringify(Object.entries(others).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
