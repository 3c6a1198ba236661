// Turns what a tap looks for into a test of a request that is over.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/common/matcher/v3/matcher.proto
import type {
  HttpGenericBodyMatch,
  HttpHeadersMatch,
  MatchPredicate,
} from '@meltemi/api/envoy/config/common/matcher/v3/matcher_pb';
import { compileHeaderTest, type HeaderView } from '@meltemi/decide';
import type { Fields, HttpTrace, TracedMessage } from './http-trace.ts';
import { TapConfigError } from './tap-config-error.ts';

export type TapMatch = (trace: HttpTrace) => boolean;

/** Throws TapConfigError, or DecideError for a matcher of headers. */
export function compileTapMatch({ rule }: Pick<MatchPredicate, 'rule'>): TapMatch {
  switch (rule.case) {
    case 'orMatch': {
      const rules = rule.value.rules.map(compileTapMatch);
      return (trace) => rules.some((matches) => matches(trace));
    }
    case 'andMatch': {
      const rules = rule.value.rules.map(compileTapMatch);
      return (trace) => rules.every((matches) => matches(trace));
    }
    case 'notMatch': {
      const inner = compileTapMatch(rule.value);
      return (trace) => !inner(trace);
    }
    case 'anyMatch':
      return () => true;
    case 'httpRequestHeadersMatch':
      return fieldsMatch(rule.value, ({ request }) => request.fields);
    case 'httpRequestTrailersMatch':
      return fieldsMatch(rule.value, ({ request }) => request.trailers);
    case 'httpResponseHeadersMatch':
      return fieldsMatch(rule.value, ({ response }) => response.fields);
    case 'httpResponseTrailersMatch':
      return fieldsMatch(rule.value, ({ response }) => response.trailers);
    case 'httpRequestGenericBodyMatch':
      return bodyMatch(rule.value, ({ request }) => request);
    case 'httpResponseGenericBodyMatch':
      return bodyMatch(rule.value, ({ response }) => response);
    case undefined:
      throw new TapConfigError('BAD_MATCH', 'a match says nothing');
  }
}

function fieldsMatch({ headers }: HttpHeadersMatch, fieldsOf: (trace: HttpTrace) => Fields): TapMatch {
  const tests = headers.map(compileHeaderTest);
  return (trace) => {
    const view = viewOf(fieldsOf(trace));
    return tests.every((matches) => matches(view));
  };
}

function viewOf(fields: Fields): HeaderView {
  const getAll = (name: string) => fields.filter(([each]) => each === name).map(([, value]) => value);
  return {
    getAll,
    has: (name) => fields.some(([each]) => each === name),
    get: (name) => {
      const values = getAll(name);
      return values.length === 0 ? undefined : values.join(',');
    },
  };
}

/** Only what the tap keeps of a body is looked at, and of that at most `bytes_limit`. */
function bodyMatch(
  { bytesLimit, patterns }: HttpGenericBodyMatch,
  messageOf: (trace: HttpTrace) => TracedMessage,
): TapMatch {
  const wanted = patterns.map(({ rule }) => {
    if (rule.case === undefined) throw new TapConfigError('BAD_MATCH', 'a pattern of a body says nothing');
    return Buffer.from(rule.value);
  });
  return (trace) => {
    const { body } = messageOf(trace);
    const seen = bytesLimit > 0 ? body.subarray(0, bytesLimit) : body;
    return wanted.every((pattern) => seen.includes(pattern));
  };
}
