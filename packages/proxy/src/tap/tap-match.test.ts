import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { MatchPredicateSchema } from '@meltemi/api/envoy/config/common/matcher/v3/matcher_pb';
import { TapConfigSchema } from '@meltemi/api/envoy/config/tap/v3/common_pb';
import { Headers } from '@meltemi/wire';
import fc from 'fast-check';
import { type HttpTrace, TracedMessage } from './http-trace.ts';
import { compileTapMatch } from './tap-match.ts';
import { tapSettings } from './tap-settings.ts';

function matches(predicate: JsonValue, trace: HttpTrace): boolean {
  return compileTapMatch(fromJson(MatchPredicateSchema, predicate))(trace);
}

function traced(): HttpTrace {
  const trace = { request: new TracedMessage(8), response: new TracedMessage(8) };
  trace.request.fields = [
    [':path', '/a'],
    ['x-user', 'ann'],
  ];
  trace.request.add(Buffer.from('hello'));
  trace.request.add(Buffer.from(' world'));
  const trailers = new Headers();
  trailers.append('grpc-status', '5');
  trace.response.fields = [[':status', '200']];
  trace.response.end(trailers);
  return trace;
}

test('requests are found by fields, trailers and what is kept of their bodies', () => {
  const user = { httpRequestHeadersMatch: { headers: [{ name: 'x-user', stringMatch: { exact: 'ann' } }] } };
  const status = { httpResponseTrailersMatch: { headers: [{ name: 'grpc-status', stringMatch: { exact: '5' } }] } };
  const body = (text: string, bytesLimit = 0) => ({
    httpRequestGenericBodyMatch: { bytesLimit, patterns: [{ stringMatch: text }] },
  });
  const cases: readonly (readonly [JsonValue, boolean])[] = [
    [{ anyMatch: true }, true],
    [user, true],
    [{ notMatch: user }, false],
    [{ andMatch: { rules: [user, status] } }, true],
    [{ andMatch: { rules: [user, { notMatch: status }] } }, false],
    [{ orMatch: { rules: [{ notMatch: user }, status] } }, true],
    [{ httpResponseHeadersMatch: { headers: [{ name: ':status', stringMatch: { exact: '500' } }] } }, false],
    [body('o wo'), true],
    [body('o wo', 5), false],
    [body('world'), false],
  ];
  for (const [predicate, wanted] of cases)
    assert.equal(matches(predicate, traced()), wanted, JSON.stringify(predicate));
  assert.throws(() => matches({}, traced()), { code: 'BAD_MATCH' });
});

test('of a body the beginning is kept, whatever the chunks', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 10 })), fc.nat(30), (chunks, limit) => {
      const message = new TracedMessage(limit);
      for (const chunk of chunks) message.add(Buffer.from(chunk));
      const whole = Buffer.concat(chunks);
      assert.deepEqual(message.body, whole.subarray(0, limit));
      assert.equal(message.truncated, whole.length > limit);
    }),
  );
});

test('a tap that can’t be honoured says why', () => {
  const settings = (config: JsonValue) => tapSettings(fromJson(TapConfigSchema, config));
  const match = { anyMatch: true };
  const admin = (fields: object = {}) => ({
    sinks: [{ format: 'JSON_BODY_AS_STRING', streamingAdmin: {} }],
    ...fields,
  });
  assert.deepEqual(settings({ match, outputConfig: admin() }).sink, { kind: 'admin' });
  const refused: readonly (readonly [JsonValue, RegExp])[] = [
    [{ outputConfig: admin() }, /match is missing/],
    [{ match }, /output_config is missing/],
    [{ match, outputConfig: { sinks: [] } }, /one sink/],
    [{ match, outputConfig: admin({ streaming: true }) }, /streaming/],
    [{ match, outputConfig: { sinks: [{ format: 'PROTO_TEXT', streamingAdmin: {} }] } }, /PROTO_TEXT/],
    [{ match, outputConfig: { sinks: [{ format: 'JSON_BODY_AS_STRING', streamingGrpc: {} }] } }, /streamingGrpc/],
  ];
  for (const [config, message] of refused) assert.throws(() => settings(config), message);
});
