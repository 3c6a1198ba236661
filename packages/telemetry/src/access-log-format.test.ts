import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { AccessLogEntry } from './access-log-entry.ts';
import { compileAccessLog, DEFAULT_FORMAT, type JsonFormat } from './access-log-format.ts';

const context = { hostname: 'node-1' };

const entry: AccessLogEntry = {
  startTimeMs: Date.UTC(2017, 7, 8, 0, 22, 56, 670),
  protocol: 'HTTP/1.1',
  method: 'GET',
  path: '/',
  authority: 'service-two',
  scheme: 'http',
  requestHeaders: new Map([
    ['user-agent', 'curl/7.47.0'],
    ['x-request-id', 'cd30da12'],
  ]),
  responseHeaders: new Map([['x-envoy-upstream-service-time', '106']]),
  responseTrailers: undefined,
  responseCode: 200,
  responseCodeDetails: 'via_upstream',
  responseFlags: '',
  bytesReceived: 0,
  bytesSent: 558,
  durationMs: 107.8,
  requestDurationMs: 0.4,
  responseDurationMs: undefined,
  upstreamHost: '172.17.0.8:8080',
  upstreamCluster: 'outbound|80||service-two',
  upstreamLocalAddress: '127.0.0.1:5000',
  upstreamTransportFailureReason: 'TLS error: bad thing',
  upstreamRequestAttemptCount: 1,
  downstreamLocalAddress: '127.0.0.1:80',
  downstreamRemoteAddress: '[::1]:4000',
  downstreamDirectRemoteAddress: '127.0.0.1:4000',
  connectionTerminationDetails: undefined,
  requestedServerName: undefined,
  routeName: 'default',
  filterChainName: undefined,
  downstreamPeerUriSan: 'spiffe://cluster.local/ns/a/sa/b',
  downstreamPeerSubject: undefined,
  downstreamTlsVersion: 'TLSv1.3',
  metadata: { istio: { a: { b: 'deep', list: [1] } } },
};

describe('compileAccessLog with a text', () => {
  it("writes Envoy's default format", () => {
    assert.equal(
      compileAccessLog(DEFAULT_FORMAT, context)(entry),
      '[2017-08-08T00:22:56.670Z] "GET / HTTP/1.1" 200 - 0 558 107 106 "-" "curl/7.47.0" "cd30da12" "service-two" "172.17.0.8:8080"\n',
    );
  });

  const values: readonly (readonly [string, string])[] = [
    ['%START_TIME(%Y/%m/%dT%H:%M:%S%z %s)%', '2017/08/08T00:22:56+0000 1502151776'],
    ['%START_TIME(%3f %6f %b %e %I%p)%', '670 670000 Aug  8 12AM'],
    ['%START_TIME(%s.%3f)%', '1502151776.670'],
    ['%REQ(X-MISSING?USER-AGENT):4%', 'curl'],
    ['%REQ(X-MISSING)%', '-'],
    ['%RESP(x-envoy-upstream-service-time)%', '106'],
    ['%TRAILER(grpc-status)%', '-'],
    ['%RESPONSE_CODE_DETAILS%', 'via_upstream'],
    ['%REQUEST_DURATION% %RESPONSE_DURATION%', '0 -'],
    ['%UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS%', 'outbound|80||service-two 127.0.0.1:5000'],
    ['%UPSTREAM_TRANSPORT_FAILURE_REASON%', 'TLS_error:_bad_thing'],
    ['%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS%', '127.0.0.1:80 [::1]:4000'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_PORT%', '::1 80'],
    ['%REQUESTED_SERVER_NAME% %ROUTE_NAME%', '- default'],
    ['%DOWNSTREAM_PEER_URI_SAN%', 'spiffe://cluster.local/ns/a/sa/b'],
    ['%HOSTNAME%', 'node-1'],
    ['%DYNAMIC_METADATA(istio:a:b)%', 'deep'],
    ['%METADATA(DYNAMIC:istio:a:list)%', '[1]'],
    ['%DYNAMIC_METADATA(istio:__proto__:b)%', '-'],
    ['100%% %PROTOCOL%', '100% HTTP/1.1'],
  ];
  for (const [format, expected] of values) {
    it(`renders ${format}`, () => assert.equal(compileAccessLog(format, context)(entry), expected));
  }

  const bad: readonly (readonly [string, string])[] = [
    ['%NO_SUCH%', 'UNKNOWN_OPERATOR'],
    ['%toString%', 'UNCLOSED_OPERATOR'],
    ['%PROTOCOL(x)%', 'BAD_ARGUMENT'],
    ['%REQ()%', 'BAD_ARGUMENT'],
    ['%REQ(a?b?c)%', 'BAD_ARGUMENT'],
    ['%START_TIME(%Q)%', 'BAD_ARGUMENT'],
    ['a %REQ(x) b', 'UNCLOSED_OPERATOR'],
    ['50%', 'UNCLOSED_OPERATOR'],
  ];
  for (const [format, code] of bad) {
    it(`refuses ${format}`, () => assert.throws(() => compileAccessLog(format, context), { code }));
  }

  it('leaves out what is missing when asked', () => {
    assert.equal(compileAccessLog('[%REQ(x)%]', { ...context, omitEmptyValues: true })(entry), '[]');
  });

  it('gives exactly one line with balanced quotes for any values', () => {
    const render = compileAccessLog(DEFAULT_FORMAT, context);
    const hostile = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(hostile, hostile, hostile, (path, agent, authority) => {
        const line = render({ ...entry, path, authority, requestHeaders: new Map([['user-agent', agent]]) });
        assert.match(line, /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\n$/u);
        assert.equal(line.replaceAll(/\\./g, '').split('"').length - 1, 12);
      }),
    );
  });
});

describe('compileAccessLog with a JSON object', () => {
  const format: JsonFormat = {
    status: '%RESPONSE_CODE%',
    start: '%START_TIME%',
    peer: { san: '%DOWNSTREAM_PEER_URI_SAN%', sni: '%REQUESTED_SERVER_NAME%' },
    text: 'to %UPSTREAM_HOST%',
    fixed: 3,
  };

  it('keeps numbers and nests', () => {
    assert.deepEqual(JSON.parse(compileAccessLog(format, context)(entry)), {
      status: 200,
      start: '2017-08-08T00:22:56.670Z',
      peer: { san: 'spiffe://cluster.local/ns/a/sa/b', sni: null },
      text: 'to 172.17.0.8:8080',
      fixed: 3,
    });
  });

  it('gives one line that parses back to the value, for any value', () => {
    const render = compileAccessLog({ path: '%REQ(:PATH)%' }, context);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        const line = render({ ...entry, path });
        assert.match(line, /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\n$/u);
        assert.equal((JSON.parse(line) as { path: string }).path, path);
      }),
    );
  });
});
