// Reason phrases, flags in header fields and the counters of tries are Envoy's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { clusterOf, startPairedProxies } from './support/paired-proxies.ts';
import { startPlainUpstream } from './support/plain-upstream.ts';
import { rawExchange } from './support/raw-exchange.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';

const preservingCase = (forwarding: boolean) => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: {
        http_protocol_options: {
          header_key_format: {
            stateful_formatter: {
              name: 'preserve_case',
              typed_config: {
                '@type': `${TYPE}.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig`,
                forward_reason_phrase: forwarding,
              },
            },
          },
        },
      },
    },
  },
});

const flags = { header: { key: 'x-flags', value: 'f%RESPONSE_FLAGS%f' } };

test(
  'the upstream’s reason phrase passes only where its cluster says so',
  { skip, timeout: 60_000 },
  async (context) => {
    const upstream = await startPlainUpstream(
      context,
      (target) => `HTTP/1.1 ${target.slice(3).replaceAll('_', ' ')}\r\ncontent-length: 0\r\n\r\n`,
    );
    const clusters = [{}, preservingCase(false), preservingCase(true)].map((fields, index) =>
      clusterOf(String(index), upstream.port, fields),
    );
    const routes = clusters.map((_, index) => ({
      match: { prefix: `/${index}/` },
      route: { cluster: String(index) },
      response_headers_to_add: [flags],
      request_headers_to_add: [flags],
    }));
    const { envoy, ours } = await startPairedProxies(context, { listeners: [{ filters: [], routes }], clusters });
    const ask = async (port: number, path: string) => {
      const { text } = await rawExchange(port, `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
      return { line: text.split('\r\n')[0], flags: /^x-flags: (.*)$/im.exec(text)?.[1] };
    };
    for (const index of clusters.keys()) {
      for (const answer of ['200_Fine_Thing', '299_Odd', '404_', '503_Later']) {
        const own = await ask(ours.listeners[0]!, `/${index}/${answer}`);
        assert.deepEqual(own, await ask(envoy.listeners[0]!, `/${index}/${answer}`), answer);
        assert.equal(own.flags, 'f-f');
      }
    }
    assert.equal((await ask(ours.listeners[0]!, '/2/200_Fine_Thing')).line, 'HTTP/1.1 200 Fine Thing');
    assert.equal((await ask(ours.listeners[0]!, '/0/200_Fine_Thing')).line, 'HTTP/1.1 200 OK');
  },
);

test('pauses before retries and silent tries are counted', { skip, timeout: 60_000 }, async (context) => {
  const upstream = await startPlainUpstream(context, (target) =>
    target === '/silent' ? '' : 'HTTP/1.1 503 X\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n',
  );
  const retrying = (fields: object) => ({
    cluster: 'upstream',
    retry_policy: { retry_on: '5xx', retry_back_off: { base_interval: '0.001s' }, ...fields },
  });
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('upstream', upstream.port)],
    listeners: [
      {
        filters: [],
        routes: [
          { match: { path: '/silent' }, route: retrying({ per_try_idle_timeout: '0.1s' }) },
          {
            match: { path: '/asked' },
            route: retrying({
              rate_limited_retry_back_off: { reset_headers: [{ name: 'retry-after', format: 'SECONDS' }] },
            }),
          },
          { match: { prefix: '/' }, route: retrying({}) },
        ],
      },
    ],
  });
  for (const path of ['/silent', '/asked', '/any']) await pair.same(0, { path });
  const counted = async (port: number) => {
    const filter = '^cluster.upstream.upstream_rq_(retry|per_try)';
    const text = await (await fetch(`http://127.0.0.1:${port}/stats?filter=${filter}`)).text();
    return text.trim().split('\n').sort();
  };
  const own = await counted(pair.ours.admin);
  assert.deepEqual(own, await counted(pair.envoy.admin));
  assert.ok(own.includes('cluster.upstream.upstream_rq_retry_backoff_ratelimited: 1'), own.join('\n'));
});
