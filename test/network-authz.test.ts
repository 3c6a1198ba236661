// Connections that an authorization server is asked about fare as with Envoy: let in, closed, counted, and described alike.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fromBinary, fromJson, type JsonObject, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { CheckRequestSchema, CheckResponseSchema } from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import { startEnvoy, withoutEnvoy } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';
import { AUTHORIZATION_CHECK } from './support/raw-grpc-method.ts';
import { clusterOf } from './support/paired-proxies.ts';
import { startProxyProcess } from './support/proxy-process.ts';
import { converse, startTalkServer } from './support/tcp-talk.ts';

const FILTERS = 'type.googleapis.com/envoy.extensions.filters.network';
const PREFIX = 'istio_ext_authz_';

interface Case {
  readonly name: string;
  readonly server: 'allows' | 'denies' | 'hangs' | 'absent';
  readonly filter?: JsonObject;
  /** What the rules before it would say: whether somebody from this address is one of theirs. */
  readonly shadow?: string;
}

const whenMatched = {
  filter_enabled_metadata: {
    filter: 'envoy.filters.network.rbac',
    path: [{ key: `${PREFIX}shadow_effective_policy_id` }],
    value: { string_match: { prefix: 'istio-ext-authz' } },
  },
};

/** The first listener is tried until it answers. */
const CASES: readonly Case[] = [
  { name: 'tried', server: 'denies' },
  { name: 'allowed', server: 'allows' },
  { name: 'denied', server: 'denies' },
  { name: 'late', server: 'hangs' },
  { name: 'late-allowed', server: 'hangs', filter: { failure_mode_allow: true } },
  { name: 'unreachable', server: 'absent' },
  { name: 'matched', server: 'denies', filter: whenMatched, shadow: '127.0.0.1' },
  { name: 'unmatched', server: 'denies', filter: whenMatched, shadow: '10.0.0.1' },
  { name: 'unjudged', server: 'denies', filter: whenMatched },
];

test('a server decides about connections', { skip: withoutEnvoy }, async (context) => {
  const talk = await startTalkServer('answers');
  context.after(() => talk.close());
  const seen: JsonValue[] = [];
  const servers = {
    allows: await startAuthz(context, (request, done) => {
      seen.push(toJson(CheckRequestSchema, request));
      done({ status: { code: 0 } });
    }),
    denies: await startAuthz(context, (_, done) => done({ status: { code: 7 } })),
    hangs: await startAuthz(context, () => undefined),
    absent: (await freePorts(1))[0]!,
  };
  const bootstrap = (ports: readonly number[]): JsonObject => ({
    node: { id: 'paired', cluster: 'test', metadata: { labels: { app: 'talk' } } },
    admin: { address: addressOf(ports[CASES.length]!) },
    static_resources: {
      clusters: [
        clusterOf('talk', talk.port),
        ...Object.entries(servers).map(([name, port]) => clusterOf(name, port, HTTP2)),
      ],
      listeners: CASES.map((each, index) => listenerOf(each, ports[index]!)),
    },
  });
  const ports = await freePorts(2 * (CASES.length + 1));
  const [theirs, own] = [ports.slice(0, CASES.length + 1), ports.slice(CASES.length + 1)];
  const started = await Promise.all([startEnvoy(bootstrap(theirs)), startProxyProcess(bootstrap(own))]);
  for (const proxy of started) context.after(() => proxy.stop());
  for (const [index, { name }] of CASES.entries()) {
    const heard = [theirs, own].map((each) => converse(each[index]!, { say: 'hey', afterwards: 'end' }));
    const [ofEnvoy, ofOurs] = await Promise.all(heard);
    assert.equal(ofOurs!.text, ofEnvoy!.text, name);
  }
  const stats = ([...of]: readonly number[]) => authzStats(of[CASES.length]!);
  await eventually(async () => assert.deepEqual(await stats(own), await stats(theirs)));
  assert.ok((await stats(own)).includes('ext_authz.denied.cx_closed: 1'));
  const [first, second] = seen.map((each) => JSON.stringify(each).replaceAll(/"portValue":\d+/g, '"portValue":0'));
  assert.equal(second, first);
});

function listenerOf({ name, server, filter, shadow }: Case, port: number): JsonObject {
  const check = {
    '@type': `${FILTERS}.ext_authz.v3.ExtAuthz`,
    stat_prefix: name,
    transport_api_version: 'V3',
    bootstrap_metadata_labels_key: 'labels',
    include_tls_session: true,
    grpc_service: { envoy_grpc: { cluster_name: server }, ...(server === 'hangs' ? { timeout: '0.2s' } : {}) },
    ...filter,
  };
  const source = { direct_remote_ip: { address_prefix: shadow ?? '', prefix_len: 32 } };
  const policies = { 'istio-ext-authz-ns[a]': { permissions: [{ any: true }], principals: [source] } };
  const rules = {
    '@type': `${FILTERS}.rbac.v3.RBAC`,
    stat_prefix: 'tcp.',
    shadow_rules: { action: 'DENY', policies },
    shadow_rules_stat_prefix: PREFIX,
  };
  const carry = { '@type': `${FILTERS}.tcp_proxy.v3.TcpProxy`, stat_prefix: name, cluster: 'talk' };
  const filters = [...(shadow === undefined ? [] : [rules]), check, carry];
  return {
    name,
    address: addressOf(port),
    filter_chains: [{ filters: filters.map((typed_config, index) => ({ name: `filter-${index}`, typed_config })) }],
  };
}

const addressOf = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const HTTP2 = {
  typed_extension_protocol_options: {
    [OPTIONS]: {
      '@type': `type.googleapis.com/${OPTIONS}`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

async function authzStats(admin: number): Promise<readonly string[]> {
  const { body } = await httpGet(`http://127.0.0.1:${admin}/stats?filter=ext_authz`);
  return (
    body
      .split('\n')
      .filter((line) => /^ext_authz\.(?!tried).*: [1-9]|^tcp.*shadow.*: [1-9]/.test(line))
      // Envoy counts those that it doesn't ask about with each piece that they send.
      .map((line) => line.replace(/disabled: \d+$/, 'disabled'))
      .toSorted()
  );
}

type Check = ReturnType<typeof fromBinary<typeof CheckRequestSchema>>;

/** Resolves with its port. */
async function startAuthz(
  context: TestContext,
  answer: (request: Check, done: (response: JsonObject) => void) => void,
): Promise<number> {
  const server = new Server();
  server.addService(
    { Check: AUTHORIZATION_CHECK },
    {
      Check({ request }: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        answer(fromBinary(CheckRequestSchema, request), (response) =>
          done(null, Buffer.from(toBinary(CheckResponseSchema, fromJson(CheckResponseSchema, response)))),
        );
      },
    },
  );
  context.after(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}
