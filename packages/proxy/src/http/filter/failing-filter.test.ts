import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ProxyUnderTest, startProxy, startServer } from '../../proxy-under-test.ts';
import type { HttpFilter, StreamFilter } from './http-filter.ts';
import { SET_METADATA_FILTER } from './set-metadata-filter.ts';

type Hook = keyof StreamFilter | 'open';

/** Throws for requests to `/fail`. */
function failingIn(hook: Hook, name: string): HttpFilter {
  const fail = (): never => {
    throw new Error('as told');
  };
  return {
    name,
    open(stream) {
      if (stream.entry.path !== '/fail') return undefined;
      return hook === 'open' ? fail() : { [hook]: fail };
    },
  };
}

async function startFailing(context: TestContext, hook: Hook): Promise<ProxyUnderTest> {
  context.mock.method(SET_METADATA_FILTER, 'compile', (name: string) => failingIn(hook, name));
  const app = await startServer((request, response) => {
    request.resume().once('end', () => response.end('hello'));
  });
  context.after(() => app.close());
  const type = `type.googleapis.com/${SET_METADATA_FILTER.typeName}`;
  const under = await startProxy({ ports: [app.port], filters: [{ name: 'x', typed_config: { '@type': type } }] });
  context.after(() => under.close());
  return under;
}

async function ask(under: ProxyUnderTest, path: string): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${under.port}${path}`, { method: 'POST', body: 'body' });
    return `${response.status} ${await response.text()}`;
  } catch {
    return 'cut';
  }
}

const outcomes: readonly (readonly [Hook, string])[] = [
  ['open', '500 '],
  ['onRequest', '500 '],
  ['onRequestBody', '500 '],
  ['onRequestEnd', '500 '],
  ['onResponse', '500 '],
  ['onResponseBody', 'cut'],
  ['onResponseEnd', 'cut'],
  ['onFinish', '200 hello'],
];

for (const [hook, outcome] of outcomes) {
  test(`a filter that throws in ${hook} fails its own request only: ${outcome}`, async (context) => {
    const under = await startFailing(context, hook);
    const answers = await Promise.all(['/', '/fail', '/'].map((path) => ask(under, path)));
    assert.deepEqual([...answers, await ask(under, '/')], ['200 hello', outcome, '200 hello', '200 hello']);
  });
}
