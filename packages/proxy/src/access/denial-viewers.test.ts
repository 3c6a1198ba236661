import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startProxy, startServer } from '../proxy-under-test.ts';
import { testAuthority } from '../tls/test-certificates.ts';

const authority = testAuthority();
const server = authority.issue('URI:spiffe://td/ns/shop/sa/cart');
const certificateOf = (account: string) => authority.issue(`URI:spiffe://td/ns/${account}`);
const log = join(tmpdir(), `denials-${process.pid}.log`);
const app = await startServer((_, response) => response.end('welcome'));
const RULES = {
  action: 'ALLOW',
  policies: {
    'ns[shop]-policy[buyers]-rule[0]': {
      permissions: [{ header: { name: ':method', string_match: { exact: 'GET' } } }],
      principals: [{ authenticated: { principal_name: { exact: 'spiffe://td/ns/shop/sa/web' } } }],
    },
  },
};
const WANTS = 'ns[shop]-policy[buyers]-rule[0] is nearest, it wants principal exact "spiffe://td/ns/shop/sa/web"';

/** A guarded listener whose node lets these see why. */
async function guarded(explainTo: unknown) {
  const proxy = await startProxy({
    ports: [app.port],
    node: { metadata: { AUTHZ_EXPLAIN_TO: explainTo } },
    filters: [
      {
        name: 'envoy.filters.http.rbac',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC', rules: RULES },
      },
    ],
    manager: {
      access_log: [
        {
          name: 'log',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
            path: log,
            log_format: {
              text_format_source: {
                inline_string: '%RESPONSE_CODE% %DYNAMIC_METADATA(meltemi.access:because)%\n',
              },
            },
          },
        },
      ],
    },
    chain: {
      transport_socket: {
        name: 'tls',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
          common_tls_context: {
            tls_certificates: [
              { certificate_chain: { inline_string: server.certificate }, private_key: { inline_string: server.key } },
            ],
            validation_context: { trusted_ca: { inline_string: authority.root } },
          },
        },
      },
    },
  });
  return proxy;
}

const proxy = await guarded('td/ns/ops/sa/*, td/ns/shop/sa/owner');
const everybody = await guarded('*,,td/ns/x/sa/*');
after(async () => {
  await app.close();
  authority.close();
  rmSync(log, { force: true });
});

/** The header of a denial; undefined: there is none. */
async function reason(port: number, account: string | undefined, headers: Record<string, string>) {
  const pair = account === undefined ? undefined : certificateOf(account);
  const tls = { rejectUnauthorized: false, ...(pair && { cert: pair.certificate, key: pair.key }) };
  const call = request({ host: '127.0.0.1', port, headers, agent: false, ...tls }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.resume();
  assert.equal(response.statusCode, 403);
  return response.headers['x-meltemi-denied-because'];
}

const ASK = { 'x-meltemi-explain': '1' };

test('who may see it, and asks, is told which rule came nearest and what it wants', async () => {
  assert.equal(await reason(proxy.port, 'ops/sa/anna', ASK), WANTS);
  assert.equal(await reason(proxy.port, 'shop/sa/owner', ASK), WANTS);
});

test('who does not ask is not told: what it passes on stays silent', async () => {
  assert.equal(await reason(proxy.port, 'ops/sa/anna', {}), undefined);
});

test('strangers get nothing, whatever they say of themselves', async () => {
  const claims = {
    ...ASK,
    'x-forwarded-client-cert': 'URI=spiffe://td/ns/ops/sa/anna',
    'x-meltemi-denied-because': 'x',
    'x-envoy-peer-metadata-id': 'td/ns/ops/sa/anna',
  };
  for (const account of [undefined, 'shop/sa/own', 'shop/sa/owner2', 'opsx/sa/anna', 'shop/sa/ops'])
    assert.equal(await reason(proxy.port, account, claims), undefined, account ?? 'nobody');
  for (const account of [undefined, 'ops/sa/anna'])
    assert.equal(await reason(everybody.port, account, claims), undefined);
});

test('the access log says it of every denial', async () => {
  await Promise.all([proxy, everybody].map((each) => each.close()));
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  assert.ok(lines.length > 5);
  for (const line of lines) assert.equal(line, `403 ${WANTS.replaceAll('"', '\\"')}`);
});
