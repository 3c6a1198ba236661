import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { AccessLogEntry } from './access-log-entry.ts';
import { compileAccessLog, DEFAULT_FORMAT, type JsonFormat } from './access-log-format.ts';

const context = { hostname: 'node-1', now: () => 5000, uuid: () => 'some-uuid' };

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
  metadata: { istio: { a: { b: 'deep', list: [1] } } },
  metadataOf: (kind) => (kind === 'cluster' ? { m: { k: 'v', o: { z: 1 } } } : undefined),
  filterState: new Map<string, unknown>([
    ['a', 'text'],
    ['o', { f: 'g' }],
  ]),
  downstreamTls: {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    serverName: undefined,
    localUris: ['spiffe://us'],
    peer: {
      subject: 'CN=a',
      issuer: 'CN=ca',
      uris: ['spiffe://cluster.local/ns/a/sa/b'],
      dns: [],
      ips: ['::1', '10.0.0.1'],
      emails: [],
      serial: '0a',
      sha256: '00',
      sha1: '01',
      validFromMs: 0,
      validToMs: 7000,
      pem: '-----BEGIN X-----\n',
    },
  },
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
    ['%CLUSTER_METADATA(m)% %METADATA(UPSTREAM_HOST:m:n)%', '{"k":"v","o":{"z":1}} -'],
    ['%FILTER_STATE(a)% %FILTER_STATE(a:PLAIN)% %FILTER_STATE(o:FIELD:f)% %FILTER_STATE(x)%', '"text" text g -'],
    ['%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%', '- -'],
    ['%PATH(NQ)%|%PATH(WQ:ORIG)%|%QUERY_PARAM(a)%|%QUERY_PARAMS%', '/|-|-|-'],
    ['%UPSTREAM_HOST_NAME% %UPSTREAM_HOST_NAME_WITHOUT_PORT%', '172.17.0.8:8080 172.17.0.8'],
    ['%UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(12)%', '172.17.0.8:8080 172.16.0.0/12'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(64)%', '::/64'],
    ['%UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID%', ''],
    ['%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)% %COMMON_DURATION(US_TX_BEG:DS_TX_END:ms)%', '107800 -'],
    ['%ACCESS_LOG_TYPE% %STREAM_ID% %UPSTREAM_CONNECTION_ID%', 'DownstreamEnd cd30da12 0'],
    ['%EMIT_TIME(%s)% %UNIQUE_ID%', '5 some-uuid'],
    ['%REQUESTED_SERVER_NAME(SNI_FIRST)% %REQUESTED_SERVER_NAME(HOST_FIRST:ORIG)%', 'service-two -'],
    ['%COALESCE({"operators": ["ROUTE_NAME", {"command": "REQ", "param": ":path"}]})%', 'default'],
    [
      '%COALESCE({"operators": ["REQUESTED_SERVER_NAME", {"command": "REQ", "param": ":path", "max_length": 1}]})%',
      '/',
    ],
    ['%DOWNSTREAM_PEER_ISSUER%;%DOWNSTREAM_PEER_IP_SAN%;%DOWNSTREAM_PEER_SERIAL%', 'CN=ca;::1,10.0.0.1;0a'],
    ['%DOWNSTREAM_LOCAL_URI_SAN%', 'spiffe://us'],
    ['%DOWNSTREAM_PEER_CERT%', '-----BEGIN%20X-----%0A'],
    ['%DOWNSTREAM_PEER_CERT_V_END(%s)% %UPSTREAM_TLS_VERSION%', '7 -'],
  ];
  for (const [format, expected] of values) {
    it(`renders ${format}`, () => assert.equal(compileAccessLog(format, context)(entry), expected));
  }

  const bad: readonly (readonly [string, string])[] = [
    ['%NO_SUCH%', 'UNKNOWN_OPERATOR'],
    ['%toString%', 'UNCLOSED_OPERATOR'],
    ['%PROTOCOL(x)%', 'BAD_ARGUMENT'],
    ['%ENVIRONMENT(HOME)%', 'UNSUPPORTED_OPERATOR'],
    ['%CEL(1 + 1)%', 'UNSUPPORTED_OPERATOR'],
    ['%METADATA(NOPE:a)%', 'BAD_ARGUMENT'],
    ['%METADATA(ROUTE:a)%', 'UNSUPPORTED_OPERATOR'],
    ['%FILTER_STATE(a:FIELD)%', 'BAD_ARGUMENT'],
    ['%COALESCE({})%', 'BAD_ARGUMENT'],
    ['%COALESCE({"operators": ["NOPE"]})%', 'UNKNOWN_OPERATOR'],
    ['%COMMON_DURATION(DS_RX_BEG:NOPE:ms)%', 'BAD_ARGUMENT'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(x)%', 'BAD_ARGUMENT'],
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
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (path) => {
        const line = render({ ...entry, path });
        assert.match(line, /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\n$/u);
        assert.equal((JSON.parse(line) as { path: string }).path, path);
      }),
    );
  });
});
