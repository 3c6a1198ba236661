// Our access logs say what a real Envoy's say of the same requests: lines of text, of JSON, and entries for a service.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { testAuthority, type TestAuthority } from '../packages/proxy/src/tls/test-certificates.ts';
import { startEnvoy, withoutEnvoy as skip } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { type LogCollector, startLogCollector } from './support/log-collector.ts';
import { eventually } from './support/mesh-under-test.ts';
import { startProxyProcess } from './support/proxy-process.ts';
import { byKey } from './support/spans.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';
const NUMBERS = [
  0.1,
  -0.5,
  1_760_000_000,
  1_234_567.891,
  1 / 3,
  1e-5,
  1e-7,
  1e15,
  1e16,
  123_456_789_012_345_680,
  2 ** 60,
  1e21,
];
const METADATA: JsonObject = {
  filterMetadata: { m: { k: 'value', n: 4, o: { z: 1 }, numbers: NUMBERS, ...Object.fromEntries(NUMBERS.entries()) } },
};

/** Without those that hold times, ports that the system chose, or identifiers. */
const OPERATORS = [
  'BYTES_RECEIVED',
  'BYTES_RETRANSMITTED',
  'PACKETS_RETRANSMITTED',
  'PROTOCOL',
  'RESPONSE_CODE',
  'CONNECTION_TERMINATION_DETAILS',
  'RESPONSE_TRAILERS_BYTES',
  'BYTES_SENT',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'ROUNDTRIP_DURATION',
  'RESPONSE_FLAGS',
  'RESPONSE_FLAGS_LONG',
  'ROUTE_NAME',
  'UPSTREAM_HOST_NAME',
  'UPSTREAM_HOST_NAME_WITHOUT_PORT',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_CLUSTER_RAW',
  'UPSTREAM_PROTOCOL',
  'UPSTREAM_HOSTS_ATTEMPTED',
  'UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT',
  'UPSTREAM_CONNECTION_ID',
  'COMMON_DURATION(DS_RX_BEG:US_CX_BEG:ms)',
  'COMMON_DURATION(US_CX_BEG:US_CX_END:ms)',
  'COMMON_DURATION(US_CX_BEG:US_HS_END:ms)',
  'COMMON_DURATION(DS_RX_BEG:US_TX_BEG:ms)',
  'VIRTUAL_CLUSTER_NAME',
  'UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT(8)',
  'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID',
  'DOWNSTREAM_TRANSPORT_FAILURE_REASON',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(16)',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID',
  'GRPC_STATUS',
  'GRPC_STATUS(SNAKE_STRING)',
  'GRPC_STATUS_NUMBER',
  'REQ(X-EMPTY)',
  'REQ(X-LONG):3',
  'REQ(X-NOPE?X-LONG)',
  'REQUEST_HEADER(x-long)',
  'REQUEST_HEADER(:method)',
  'RESPONSE_HEADER(server)',
  'RESPONSE_TRAILER(x)',
  'DYNAMIC_METADATA(a)',
  'CLUSTER_METADATA(m)',
  'CLUSTER_METADATA(m:k)',
  'CLUSTER_METADATA(m:n)',
  'CLUSTER_METADATA(m:o)',
  'CLUSTER_METADATA(m:numbers)',
  ...NUMBERS.map((_, index) => `CLUSTER_METADATA(m:${index})`),
  'UPSTREAM_METADATA(m:k)',
  'METADATA(CLUSTER:m:k)',
  'FILTER_STATE(x)',
  'REQUESTED_SERVER_NAME',
  'DOWNSTREAM_PEER_IP_SAN',
  'DOWNSTREAM_PEER_DNS_SAN',
  'DOWNSTREAM_LOCAL_URI_SAN',
  'DOWNSTREAM_PEER_URI_SAN',
  'DOWNSTREAM_PEER_EMAIL_SAN',
  'DOWNSTREAM_PEER_SUBJECT',
  'DOWNSTREAM_PEER_ISSUER',
  'DOWNSTREAM_TLS_VERSION',
  'DOWNSTREAM_PEER_FINGERPRINT_256',
  'DOWNSTREAM_PEER_FINGERPRINT_1',
  'DOWNSTREAM_PEER_SERIAL',
  'DOWNSTREAM_PEER_CERT',
  'DOWNSTREAM_PEER_CERT_V_START',
  'DOWNSTREAM_PEER_CERT_V_END(%s)',
  'UPSTREAM_PEER_SUBJECT',
  'UPSTREAM_PEER_ISSUER',
  'UPSTREAM_PEER_URI_SAN',
  'UPSTREAM_PEER_DNS_SAN',
  'UPSTREAM_PEER_CERT_V_START',
  'LOCAL_REPLY_BODY',
  'FILTER_CHAIN_NAME',
  'ACCESS_LOG_TYPE',
  'TRACE_ID',
  'SPAN_ID',
  'QUERY_PARAM(a)',
  'QUERY_PARAM(b)',
  'QUERY_PARAM(nope)',
  'QUERY_PARAMS',
  'PATH',
  'PATH(NQ)',
  'PATH(WQ:ORIG)',
  'PATH(NQ:PATH)',
  'COALESCE({"operators": ["REQUESTED_SERVER_NAME", {"command": "REQ", "param": "x-long"}]})',
];

interface Call {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const CALLS: readonly Call[] = [
  { path: '/v1?a=1&b=%20x%26', headers: { 'x-empty': '', 'x-long': 'abcdef' } },
  { path: '/direct' },
  { path: '/direct/grpc', headers: { 'content-type': 'application/grpc' } },
  { path: '/empty' },
  { path: '/tls?x', body: 'hello' },
  { path: '/gone' },
  { path: '/refused' },
  { path: '/again' },
];
/** The call by TLS makes a record on both listeners. */
const RECORDS = CALLS.length + 1;

const directory = mkdtempSync(join(tmpdir(), 'mesh-logs-'));
let authority: TestAuthority;
let app: Server;
let collector: LogCollector;
before(async () => {
  authority = testAuthority();
  app = createServer(
    (incoming, response) =>
      void incoming.resume().on('end', () => response.writeHead(incoming.url === '/again' ? 503 : 200).end('ok')),
  );
  await once(app.listen(0, '127.0.0.1'), 'listening');
  collector = await startLogCollector();
});
after(async () => {
  app.close();
  app.closeAllConnections();
  await collector.close();
  authority.close();
  rmSync(directory, { recursive: true });
});

interface Seen {
  readonly text: readonly string[];
  readonly json: readonly JsonObject[];
  readonly omitting: readonly JsonObject[];
  readonly entries: readonly JsonValue[];
}

test('lines and entries are as a real Envoy writes them', { skip, timeout: 60_000 }, async () => {
  const certificates = {
    server: authority.issue('URI:spiffe://td/ns/a/sa/server,DNS:server.test,DNS:b.test'),
    client: authority.issue('URI:spiffe://td/ns/a/sa/client,DNS:client.test,IP:10.0.0.1,IP:2001:db8::1,email:a@b.c'),
  };
  const envoys = await seenBy('envoy', certificates, startEnvoy);
  const ours = await seenBy('ours', certificates, startProxyProcess);
  assert.deepEqual(ours.text, envoys.text);
  assert.deepEqual(ours.json, envoys.json);
  assert.deepEqual(ours.omitting, envoys.omitting);
  assert.deepEqual(ours.entries, envoys.entries);
});

type Certificates = Readonly<Record<'server' | 'client', ReturnType<TestAuthority['issue']>>>;

async function seenBy(
  who: string,
  certificates: Certificates,
  start: (bootstrap: JsonObject) => Promise<{ stop(): Promise<void> }>,
): Promise<Seen> {
  const [plain, tls, silent] = (await freePorts(3)) as [number, number, number];
  collector.streamed.length = 0;
  const proxy = await start(bootstrapOf({ who, plain, tls, silent, certificates }));
  try {
    for (const call of CALLS) await send(plain, call);
    return await eventually(async () => {
      const read = (name: string) => withoutMoments(readFileSync(join(directory, `${who}.${name}`), 'utf8').trim());
      const entries = collector.streamed.flatMap(entriesOf).map(withoutTimes).sort(byText);
      assert.equal(entries.length, RECORDS);
      const objects = (name: string) =>
        read(name)
          .split('\n')
          .map((line) => JSON.parse(line) as JsonObject);
      const text = read('txt').split('\n\n').sort();
      assert.equal(text.length, RECORDS);
      const [json, omitting] = [objects('json').sort(byText), objects('omitting.json').sort(byText)];
      assert.deepEqual([json.length, omitting.length], [RECORDS, RECORDS]);
      return { text, json, omitting, entries };
    });
  } finally {
    await proxy.stop();
  }
}

async function send(port: number, { path, headers, body }: Call): Promise<void> {
  const options = { port, host: '127.0.0.1', path, agent: false, method: body === undefined ? 'GET' : 'POST' };
  const call = request({ ...options, headers: { host: 'asked.test', ...headers } });
  call.end(body);
  const [response] = (await once(call, 'response')) as [NodeJS.ReadableStream];
  response.resume();
  await once(response, 'end');
}

/** Which connection it was, and when it came to be, differs by nature; that there was one does not. */
function withoutMoments(lines: string): string {
  return lines
    .replaceAll(/^(UPSTREAM_HOSTS_ATTEMPTED = ).*$/gm, (line) => line.replaceAll(/:\d+/g, ':port'))
    .replaceAll(/"UPSTREAM_HOSTS_ATTEMPTED":"[^"]*"/g, (field) => field.replaceAll(/:\d+/g, ':port'))
    .replaceAll(/^((?:UPSTREAM_CONNECTION_ID|COMMON_DURATION\S*) = )(?!0$)-?\d+$/gm, '$1some')
    .replaceAll(/^(COMMON_DURATION\S* = )0$/gm, '$1some')
    .replaceAll(/("UPSTREAM_CONNECTION_ID":)(?!0\b)\d+/g, '$1"some"')
    .replaceAll(/("COMMON_DURATION[^"]*":)-?\d+/g, '$1"some"');
}

function byText(a: JsonValue, b: JsonValue): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function entriesOf(message: JsonValue): readonly JsonObject[] {
  const { httpLogs } = message as { httpLogs?: { logEntry?: JsonObject[] } };
  return httpLogs?.logEntry ?? [];
}

/** Times, byte counts of the wire and ports that the system chose differ by nature; identifiers do, too. */
function withoutTimes(entry: JsonObject): JsonObject {
  const seen = (value: JsonValue, key: string): JsonValue => {
    if (
      /^(startTime|time|duration$|.*(Wire|Header)Bytes|.*HeadersBytes|portValue|requestId|streamId|tlsSessionId|tlsCipherSuite|localCertificate)/.test(
        key,
      )
    )
      return key === 'portValue' ? 0 : `some ${key}`;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => seen(item, ''));
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !/Bytes(Sent|Received)$|^time|^tlsSessionId$|^tlsCipherSuite$/.test(name))
        .sort(byKey)
        .map(([name, member]) => [name, seen(member, name)]),
    );
  };
  return seen(entry, '') as JsonObject;
}

interface Places {
  readonly who: string;
  readonly plain: number;
  readonly tls: number;
  /** Nobody listens there. */
  readonly silent: number;
  readonly certificates: Certificates;
}

function bootstrapOf({ who, plain, tls, silent, certificates }: Places): JsonObject {
  const appPort = (app.address() as AddressInfo).port;
  const { server, client } = certificates;
  const http2 = { http2ProtocolOptions: {} };
  return {
    node: { id: 'test', cluster: 'test' },
    staticResources: {
      listeners: [
        listener('plain', plain, who, {}),
        listener('tls', tls, who, {
          transportSocket: {
            name: 'tls',
            typedConfig: {
              '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
              requireClientCertificate: true,
              commonTlsContext: commonTls(server),
            },
          },
        }),
      ],
      clusters: [
        cluster('app', appPort),
        cluster('refusing', silent, { altStatName: 'shown' }),
        { name: 'empty', type: 'STATIC', connectTimeout: '1s' },
        cluster('collector', collector.port, http2),
        cluster('over-tls', tls, {
          transportSocket: {
            name: 'tls',
            typedConfig: {
              '@type': `${TYPE}.transport_sockets.tls.v3.UpstreamTlsContext`,
              sni: 'sni.test',
              commonTlsContext: commonTls(client),
            },
          },
        }),
      ],
    },
  };
}

function commonTls({ certificate, key }: Certificates['server']): JsonObject {
  return {
    tlsParams: { tlsMinimumProtocolVersion: 'TLSv1_3', tlsMaximumProtocolVersion: 'TLSv1_3' },
    tlsCertificates: [{ certificateChain: { inlineString: certificate }, privateKey: { inlineString: key } }],
    validationContext: { trustedCa: { inlineString: authority.root } },
  };
}

function listener(name: string, port: number, who: string, chain: JsonObject): JsonObject {
  const route = (path: string, action: JsonObject): JsonObject => ({ name: path, match: { prefix: path }, ...action });
  const path = (prefix: string): JsonObject => ({ name: ':path', stringMatch: { prefix } });
  const typedConfig: JsonObject = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: name,
    accessLog: logs(who),
    httpFilters: [
      { name: 'envoy.filters.http.router', typedConfig: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
    ],
    routeConfig: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          virtualClusters: [
            { name: 'gets-of-v', headers: [path('/v'), { name: ':method', stringMatch: { exact: 'GET' } }] },
            { name: 'posts', headers: [{ name: ':method', stringMatch: { exact: 'POST' } }] },
            { name: 'gone', headers: [path('/gone')] },
          ],
          routes: [
            route('/direct', { directResponse: { status: 403, body: { inlineString: 'no way' } } }),
            route('/empty', { route: { cluster: 'empty' } }),
            route('/gone', { route: { cluster: 'gone' } }),
            route('/tls', { route: { cluster: name === 'plain' ? 'over-tls' : 'app' } }),
            route('/refused', { route: { cluster: 'refusing' } }),
            route('/again', {
              route: { cluster: 'app', retryPolicy: { retryOn: 'retriable-4xx,5xx', numRetries: 1 } },
            }),
            route('/v', { route: { cluster: 'app', prefixRewrite: '/w' } }),
          ],
        },
      ],
      validateClusters: false,
    },
  };
  return {
    name,
    address: address(port),
    enableReusePort: false,
    listenerFilters: [
      {
        name: 'envoy.filters.listener.tls_inspector',
        typedConfig: { '@type': `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector` },
      },
    ],
    filterChains: [
      {
        name: `chain-${name}`,
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig }],
        ...chain,
      },
    ],
  };
}

function logs(who: string): JsonObject[] {
  const file = (name: string, logFormat: JsonObject): JsonObject => ({
    name: 'file',
    typedConfig: {
      '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
      path: join(directory, `${who}.${name}`),
      logFormat,
    },
  });
  const jsonFormat: JsonObject = {
    ...Object.fromEntries(OPERATORS.map((operator) => [operator, `%${operator}%`])),
    joined: 'a %REQ(x-none)% %RESPONSE_CODE%',
    list: ['%RESPONSE_CODE%', 'x', '%REQ(nope)%'],
    object: { protocol: '%PROTOCOL%', nope: '%REQ(nope)%' },
    empty: { nope: '%REQ(nope)%' },
  };
  const lines = OPERATORS.map((operator) => `${operator.replaceAll('%', '%%')} = %${operator}%\n`);
  return [
    file('txt', { textFormatSource: { inlineString: `${lines.join('')}\n` } }),
    file('json', { jsonFormat }),
    file('omitting.json', { jsonFormat, omitEmptyValues: true }),
    {
      name: 'als',
      typedConfig: {
        '@type': `${TYPE}.access_loggers.grpc.v3.HttpGrpcAccessLogConfig`,
        commonConfig: {
          logName: 'test',
          transportApiVersion: 'V3',
          grpcService: { envoyGrpc: { clusterName: 'collector' } },
          bufferFlushInterval: '0.1s',
          customTags: [
            { tag: 'literal', literal: { value: 'text' } },
            { tag: 'header', requestHeader: { name: 'X-Long', defaultValue: 'none' } },
          ],
        },
        additionalRequestHeadersToLog: ['X-Long'],
        additionalResponseHeadersToLog: ['server'],
      },
    },
  ];
}

function cluster(name: string, port: number, more: JsonObject = {}): JsonObject {
  const endpoint: JsonObject = { endpoint: { hostname: 'host.test', address: address(port) }, metadata: METADATA };
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    metadata: METADATA,
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [endpoint] }] },
    ...more,
  };
}

function address(port: number): JsonObject {
  return { socketAddress: { address: '127.0.0.1', portValue: port } };
}
