// Turns a matcher of dynamic metadata, such as the claims of a token, into a condition.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/metadata.proto
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { DoubleMatcher } from '@meltemi/api/envoy/type/matcher/v3/number_pb';
import type { MetadataMatcher } from '@meltemi/api/envoy/type/matcher/v3/metadata_pb';
import type { ValueMatcher } from '@meltemi/api/envoy/type/matcher/v3/value_pb';
import { DecideError } from '../decide-error.ts';
import { compileStringMatcher } from '../string-match.ts';
import { type AccessCondition, leaf } from './access-condition.ts';

interface ValueTest {
  readonly words: string;
  /** Undefined: there is no such value. */
  readonly test: (value: JsonValue | undefined) => boolean;
}

/** Throws DecideError. */
export function metadataCondition(matcher: MetadataMatcher): AccessCondition {
  const { words, holds } = compileMetadata(matcher);
  return leaf(words, ({ metadata }) => holds(metadata));
}

/** A test of what filters said of a request, by the filter's name. */
export interface MetadataTest {
  readonly words: string;
  readonly holds: (metadata: Readonly<Record<string, JsonObject>> | undefined) => boolean;
}

/** Throws DecideError. */
export function compileMetadata(matcher: MetadataMatcher): MetadataTest {
  const keys = matcher.path.map(({ segment }) => segment.value ?? '');
  if (keys.length === 0) throw new DecideError('BAD_MATCH', `metadata of ${matcher.filter}: no path`);
  const { words, test } = valueTest(matcher.value);
  const name = `${matcher.filter}:${keys.join('.')}`;
  return {
    words: `metadata ${name} ${matcher.invert ? 'not ' : ''}${words}`,
    holds: (metadata) => test(valueAt(metadata?.[matcher.filter], keys)) !== matcher.invert,
  };
}

function valueAt(from: JsonValue | undefined, keys: readonly string[]): JsonValue | undefined {
  let value = from;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

function valueTest(matcher: ValueMatcher | undefined): ValueTest {
  const pattern = matcher?.matchPattern;
  switch (pattern?.case) {
    case 'nullMatch':
      return { words: 'null', test: (value) => value === null };
    case 'boolMatch':
      return { words: String(pattern.value), test: (value) => value === pattern.value };
    case 'presentMatch':
      return { words: pattern.value ? 'present' : 'never', test: (value) => pattern.value && value !== undefined };
    case 'doubleMatch':
      return numberTest(pattern.value);
    case 'stringMatch': {
      const { words, test } = compileStringMatcher(pattern.value);
      return { words, test: (value) => typeof value === 'string' && test(value) };
    }
    case 'listMatch': {
      const { words, test } = valueTest(pattern.value.matchPattern.value);
      return { words: `a list with ${words}`, test: (value) => Array.isArray(value) && value.some(test) };
    }
    case 'orMatch':
      return eitherTest(pattern.value.valueMatchers.map(valueTest));
    case undefined:
      throw new DecideError('BAD_MATCH', 'a matcher of metadata has no value to match');
  }
}

function eitherTest(tests: readonly ValueTest[]): ValueTest {
  return {
    words: tests.map(({ words }) => words).join(' or '),
    test: (value) => tests.some(({ test }) => test(value)),
  };
}

function numberTest({ matchPattern: pattern }: DoubleMatcher): ValueTest {
  switch (pattern.case) {
    case 'exact':
      return { words: `exact ${pattern.value}`, test: (value) => value === pattern.value };
    case 'range': {
      const { start, end } = pattern.value;
      return {
        words: `in [${start}, ${end})`,
        test: (value) => typeof value === 'number' && value >= start && value < end,
      };
    }
    case undefined:
      throw new DecideError('BAD_MATCH', 'a matcher of numbers has no pattern');
  }
}
