import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutEnvoy } from './envoy.ts';
import { httpFilter, startPairedProxies } from './paired-proxies.ts';

const REFUSED = { stat_prefix: 'x', token_bucket: { max_tokens: 1, fill_interval: '0.001s' } };

const chains: readonly (readonly [string, object])[] = [
  ['neither proxy takes', httpFilter('local_ratelimit', 'LocalRateLimit', REFUSED)],
  ['only Envoy takes', httpFilter('lua', 'Lua')],
];

for (const [what, filter] of chains) {
  test(
    `a pair with a filter that ${what} fails at once, and leaves nothing behind`,
    { skip: withoutEnvoy },
    async (t) => {
      await assert.rejects(startPairedProxies(t, { listeners: [{ filters: [filter] }] }), /ended with/);
    },
  );
}
