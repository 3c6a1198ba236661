import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { type ProxySetup, startProxy, startServer } from '../proxy-under-test.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A proxy before a server, gone when the test ends: sends requests through it. */
async function through(context: TestContext, listener: Listener, setup: ProxySetup) {
  const app = await startServer((asked, response) => void listener(asked, response));
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port], ...setup });
  context.after(() => under.close());
  const agent = new Agent();
  context.after(() => agent.destroy());
  return async (path = '/', { method = 'GET', headers = {}, body = '' } = {}): Promise<Answer> => {
    const call = request({ port: under.port, host: '127.0.0.1', agent, path, method, headers });
    call.end(body);
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return { status: response.statusCode!, headers: response.headers, body: await text(response) };
  };
}

function routed(route: object, virtualHost: object = {}): ProxySetup {
  return { routes: [{ match: { prefix: '/' }, route: { cluster: 'app', ...route } }], virtualHost };
}

const hedged = { hedge_policy: { hedge_on_per_try_timeout: true }, timeout: '20s' };
const quickTries = { retry_on: '5xx', num_retries: 1, per_try_timeout: '0.1s' };

test('a slow try gets a second one beside it, and the first good answer wins', async (context) => {
  const answers: ServerResponse[] = [];
  const send = await through(
    context,
    (_request, response) => {
      answers.push(response);
      if (answers.length === 2) response.end('second');
    },
    routed({ ...hedged, retry_policy: quickTries }),
  );
  assert.equal((await send()).body, 'second');
  assert.equal(answers.length, 2);
});

test('a slow try may still win, also where the second one fails', async (context) => {
  const answers: ServerResponse[] = [];
  const send = await through(
    context,
    (_request, response) => {
      answers.push(response);
      if (answers.length < 2) return;
      response.writeHead(503).end('bad');
      answers[0]!.end('first');
    },
    routed({ ...hedged, retry_policy: quickTries }),
  );
  const { status, body } = await send();
  assert.deepEqual({ status, body }, { status: 200, body: 'first' });
});

test('a retry says whether the try before it timed out, and what time is left', async (context) => {
  const seen: unknown[] = [];
  const send = await through(
    context,
    ({ headers }, response) => {
      seen.push(headers['x-envoy-is-timeout-retry']);
      if (seen.length === 2) response.writeHead(503).end();
      if (seen.length === 3) response.end(String(Number(headers['x-envoy-expected-rq-timeout-ms']) < 2000));
    },
    routed(
      { timeout: '2s', retry_policy: { ...quickTries, num_retries: 3, per_try_timeout: '1s' } },
      { include_is_timeout_retry_header: true },
    ),
  );
  assert.equal((await send()).body, 'true');
  assert.deepEqual(seen, [undefined, 'true', 'false']);
});

test('a try that falls silent is given up, and another follows where none was answered', async (context) => {
  let tries = 0;
  const retry_policy = { retry_on: '5xx', num_retries: 1, per_try_idle_timeout: '0.2s' };
  const send = await through(
    context,
    ({ url }, response) => {
      if (url === '/begins') return void response.write('part');
      if (++tries === 2) response.end('again');
    },
    routed({ timeout: '20s', retry_policy }),
  );
  assert.equal((await send('/')).body, 'again');
  await assert.rejects(send('/begins'));
});

test('a per-try timeout counts without any condition to retry', async (context) => {
  const send = await through(context, () => {}, routed({ timeout: '20s', retry_policy: { per_try_timeout: '0.1s' } }));
  const { status, body } = await send();
  assert.deepEqual({ status, body }, { status: 504, body: 'upstream request timeout' });
});

test('a stream that lasts too long is cut, whatever it does', async (context) => {
  const max_stream_duration = { max_stream_duration: '0.3s' };
  const send = await through(
    context,
    ({ url }, response) => {
      if (url === '/') return;
      const ticking = setInterval(() => response.write('tick'), 20);
      response.on('close', () => clearInterval(ticking));
    },
    routed({ max_stream_duration }),
  );
  const { status, body } = await send();
  assert.deepEqual({ status, body }, { status: 504, body: 'downstream duration timeout' });
  await assert.rejects(send('/ticks'));
});

test('follows redirects where the route says so, with the body, and not more often than allowed', async (context) => {
  const send = await through(
    context,
    async (asked, response) => {
      const [, hops = '0'] = asked.url!.split('/');
      const body = await text(asked);
      if (Number(hops) > 0) {
        const location = `http://other/${Number(hops) - 1}`;
        return void response.writeHead(asked.url!.endsWith('see') ? 303 : 302, { location, 'x-copied': 'c' }).end();
      }
      const { host, 'x-envoy-original-url': from, 'x-copied': copied } = asked.headers;
      response.end(JSON.stringify({ method: asked.method, host, from, copied, body }));
    },
    routed({
      internal_redirect_policy: {
        max_internal_redirects: 2,
        redirect_response_codes: [302, 303],
        response_headers_to_copy: ['x-copied'],
      },
    }),
  );
  const post = { method: 'POST', body: 'all of it', headers: { host: 'first' } };
  assert.deepEqual(JSON.parse((await send('/1', post)).body), {
    method: 'POST',
    host: 'other',
    from: 'http://first/1',
    copied: 'c',
    body: 'all of it',
  });
  const asGet = JSON.parse((await send('/1/see', post)).body) as { method: string; body: string };
  assert.deepEqual([asGet.method, asGet.body], ['GET', '']);
  assert.equal((await send('/2')).status, 200);
  const tooMany = await send('/3');
  assert.deepEqual([tooMany.status, tooMany.headers.location], [302, 'http://other/0']);
});

test('a redirect is judged by the filters like a request of its own', async (context) => {
  const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
  const policy = { permissions: [{ url_path: { path: { prefix: '/secret' } } }], principals: [{ any: true }] };
  const rules = { action: 'DENY', policies: { secret: policy } };
  const send = await through(
    context,
    ({ url }, response) => {
      if (url === '/') response.writeHead(302, { location: 'http://any/secret' });
      response.end(url);
    },
    {
      ...routed({ internal_redirect_policy: {} }),
      filters: [{ name: 'rbac', typed_config: { '@type': RBAC, rules } }],
    },
  );
  const { status, body } = await send('/');
  assert.deepEqual({ status, body }, { status: 403, body: 'RBAC: access denied' });
});
