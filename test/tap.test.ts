// A tap shows of live requests what Envoy's shows.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { httpFilter, startPairedProxies } from './support/paired-proxies.ts';

const skip = withoutEnvoy;

/** Reads the traces that an admin page streams. */
class TapReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = '';

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  static async open(context: TestContext, admin: number, request: object): Promise<TapReader> {
    const hangUp = new AbortController();
    context.after(() => hangUp.abort());
    const response = await fetch(`http://127.0.0.1:${admin}/tap`, {
      method: 'POST',
      body: JSON.stringify(request),
      signal: hangUp.signal,
    });
    assert.equal(response.status, 200);
    return new TapReader(response.body!);
  }

  /** The next JSON object. */
  async next(): Promise<TracedExchange> {
    for (;;) {
      const end = this.#text.search(/^\}/m);
      if (end >= 0) {
        const whole = this.#text.slice(0, end + 1);
        this.#text = this.#text.slice(end + 1);
        return JSON.parse(whole) as TracedExchange;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`the stream ended after ${this.#text}`);
      this.#text += Buffer.from(value).toString();
    }
  }
}

interface TracedMessage {
  readonly headers: readonly { readonly key: string; readonly value: string }[];
  readonly body?: { readonly as_string?: string; readonly truncated?: boolean };
}

interface TracedExchange {
  readonly http_buffered_trace: { readonly request: TracedMessage; readonly response: TracedMessage };
}

/** What is the same from run to run. */
function steady({ http_buffered_trace: { request, response } }: TracedExchange) {
  // Framing belongs to the connection: Envoy writes it into the fields later than we do.
  const framing = ['content-length', 'transfer-encoding'];
  const changing = new Set(['date', 'x-request-id', 'x-envoy-upstream-service-time', ...framing]);
  const fields = ({ headers }: TracedMessage) =>
    headers
      .filter(({ key }) => !changing.has(key))
      .map(({ key, value }) => `${key}: ${value}`)
      .toSorted();
  const body = ({ body: shown }: TracedMessage) => ({ text: shown?.as_string ?? '', cut: shown?.truncated ?? false });
  return {
    request: { fields: fields(request), body: body(request) },
    response: {
      fields: fields(response).filter((field) => !field.startsWith('content-type')),
      body: body(response).cut,
    },
  };
}

test('who taps sees the requests that match, as whole as was asked for', { skip, timeout: 60_000 }, async (context) => {
  const filter = httpFilter('tap', 'Tap', { common_config: { admin_config: { config_id: 'all' } } });
  const pair = await startPairedProxies(context, { listeners: [{ filters: [filter] }] });
  const request = {
    config_id: 'all',
    tap_config: {
      match: { http_request_headers_match: { headers: [{ name: 'x-tap', string_match: { exact: 'me' } }] } },
      output_config: {
        sinks: [{ format: 'JSON_BODY_AS_STRING', streaming_admin: {} }],
        max_buffered_rx_bytes: 8,
        max_buffered_tx_bytes: 4096,
      },
    },
  };
  const [theirs, own] = await Promise.all(
    [pair.envoy, pair.ours].map(({ admin }) => TapReader.open(context, admin, request)),
  );
  await pair.same(0, { path: '/unseen' });
  await pair.same(0, { path: '/seen', headers: { 'x-tap': 'me' } });
  assert.deepEqual(steady(await own!.next()), steady(await theirs!.next()));
  await pair.same(0, { method: 'POST', path: '/long', headers: { 'x-tap': 'me' }, body: 'more than eight' });
  assert.deepEqual(steady(await own!.next()), steady(await theirs!.next()));
  for (const { admin } of [pair.envoy, pair.ours]) {
    const ask = (body: object) =>
      fetch(`http://127.0.0.1:${admin}/tap`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal((await ask(request)).status, 400, 'a second reader');
    assert.equal((await ask({ ...request, config_id: 'other' })).status, 400, 'an id that no filter has');
    assert.equal((await ask({ config_id: 'all' })).status, 400, 'no tap');
  }
});
