// What HTTP/1.1 lets a head be, as Envoy: how the names of fields are spelled, and how much of a response's head is taken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { clusterOf, startPairedProxies } from './support/paired-proxies.ts';
import { startPlainUpstream } from './support/plain-upstream.ts';
import { rawExchange } from './support/raw-exchange.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';

function preserving(fields: object = {}): object {
  const config = { '@type': `${TYPE}.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig`, ...fields };
  return { header_key_format: { stateful_formatter: { name: 'preserve_case', typed_config: config } } };
}

const FORMATS: Readonly<Record<string, object>> = {
  'in lower case': {},
  'in proper case': { header_key_format: { proper_case_words: {} } },
  'as they came': preserving(),
  'as they came, others in proper case': preserving({ formatter_type_on_envoy_headers: 'PROPER_CASE' }),
};
const names = Object.keys(FORMATS);

function clusterWith(name: string, port: number, http1: object, common: object = {}): object {
  const options = {
    '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
    common_http_protocol_options: common,
    explicit_http_config: { http_protocol_options: http1 },
  };
  const extensions = { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options };
  return clusterOf(name, port, { typed_extension_protocol_options: extensions });
}

/** The names in a head, sorted: their order is nobody's concern. */
function fieldNames(head: string): readonly string[] {
  const fields = head.split('\r\n\r\n')[0]!.split('\r\n').slice(1);
  return fields.map((field) => field.slice(0, field.indexOf(':'))).sort();
}

test('names of fields are spelled as Envoy spells them, both ways', { skip, timeout: 60_000 }, async (context) => {
  const answer = 'HTTP/1.1 200 OK\r\nX-Own-Field: 1\r\nx-lower: 2\r\nContent-LENGTH: 2\r\n\r\nok';
  const upstream = await startPlainUpstream(context, () => answer);
  const clusters = names.map((name) => clusterWith(name, upstream.port, FORMATS[name]!));
  const routes = names.map((name, index) => ({ match: { path: `/${index}` }, route: { cluster: name } }));
  const listeners = names.map((name) => ({
    filters: [],
    routes,
    manager: { http_protocol_options: FORMATS[name] },
  }));
  const { envoy, ours } = await startPairedProxies(context, { listeners, clusters });
  const seen = async (port: number, cluster: number) => {
    const request = `POST /${cluster} HTTP/1.1\r\nHOST: a\r\nX-Mixed-case: 1\r\nUser-Agent: t\r\ncontent-Length: 0\r\n\r\n`;
    const { text } = await rawExchange(port, request, 1);
    return { response: fieldNames(text), request: fieldNames(upstream.heads.at(-1)!) };
  };
  for (const [listener, from] of names.entries()) {
    for (const [cluster, to] of names.entries()) {
      await context.test(`clients’ ${from}, upstreams’ ${to}`, async () => {
        const own = await seen(ours.listeners[listener]!, cluster);
        assert.deepEqual(own, await seen(envoy.listeners[listener]!, cluster));
      });
    }
  }
  const kept = await seen(ours.listeners[2]!, 2);
  assert.ok(kept.request.includes('HOST') && kept.request.includes('X-Mixed-case'), kept.request.join(' '));
  assert.ok(kept.response.includes('X-Own-Field') && kept.response.includes('x-lower'), kept.response.join(' '));
});

const LIMITS: Readonly<Record<string, object>> = {
  usual: {},
  'few fields': { max_headers_count: 10 },
  'many fields': { max_headers_count: 300 },
  'short heads': { max_response_headers_kb: 2 },
  'long heads': { max_response_headers_kb: 200 },
};

test('a response’s head is taken as far as Envoy takes it', { skip, timeout: 60_000 }, async (context) => {
  const upstream = await startPlainUpstream(context, (target) => {
    const [, , fields, bytes] = target.split('/').map(Number);
    const padding = Array.from({ length: fields! }, (_, index) => `x-${index}: ${'v'.repeat(bytes! / fields!)}\r\n`);
    return `HTTP/1.1 200 OK\r\n${padding.join('')}content-length: 2\r\n\r\nok`;
  });
  const clusters = Object.entries(LIMITS).map(([name, common]) => clusterWith(name, upstream.port, {}, common));
  const routes = Object.keys(LIMITS).map((name, index) => ({
    match: { prefix: `/${index}/` },
    route: { cluster: name },
  }));
  const { envoy, ours } = await startPairedProxies(context, { listeners: [{ filters: [], routes }], clusters });
  const ask = async (port: number, path: string) => {
    const { statuses, text } = await rawExchange(port, `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`, 1);
    return { statuses, reason: statuses[0] === 200 ? '' : text.split('\r\n\r\n')[1] };
  };
  const statuses = new Set<number>();
  for (const [index, limit] of Object.keys(LIMITS).entries()) {
    for (const [fields, bytes] of [
      [1, 10],
      [8, 100],
      [12, 100],
      [120, 1000],
      [1, 3000],
      [10, 50_000],
      [10, 100_000],
    ]) {
      await context.test(`${limit}: ${fields} fields of ${bytes} bytes together`, async () => {
        const path = `/${index}/${fields}/${bytes}`;
        const own = await ask(ours.listeners[0]!, path);
        for (const status of own.statuses) statuses.add(status);
        assert.deepEqual(own, await ask(envoy.listeners[0]!, path));
      });
    }
  }
  assert.deepEqual(
    [...statuses].sort((a, b) => a - b),
    [200, 502],
  );
});
