// Tells which headers may pass between client, upstream and authorization server.
import type { ListStringMatcher } from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import { compileStringMatcher } from '@meltemi/decide';

/** Names are in lower case; `:path` and its like are names too. */
export type NameTest = (name: string) => boolean;

/** Any of the patterns, or of the names that always pass. No patterns and no names: nothing. Throws DecideError. */
export function nameTest(list: ListStringMatcher | undefined, always: readonly string[] = []): NameTest {
  const tests = (list?.patterns ?? []).map((pattern) => compileStringMatcher(pattern).test);
  return (name) => always.includes(name) || tests.some((test) => test(name));
}
