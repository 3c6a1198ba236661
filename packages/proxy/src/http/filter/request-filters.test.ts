import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { NO_FILTER_CONFIGS } from '@meltemi/decide';
import { StatsStore } from '@meltemi/telemetry';
import fc from 'fast-check';
import { testClusters } from '../../cluster/test-clusters.ts';
import { routerFilter } from '../../proxy-under-test.ts';
import { localCounters } from '../../workers/shared-counters.ts';
import { TapRegistry } from '../../tap/tap-registry.ts';
import { xdsRegistry } from '../../xds/registry.ts';
import { FilterConfigError } from '../http-config-error.ts';
import { compileHttpFilters, type HttpFilters } from '../http-filters.ts';
import type { FilteredStream, HttpFilter, StreamFilter } from './http-filter.ts';
import { type FilteringStream, RequestFilters } from './request-filters.ts';

function compiled(httpFilters: readonly object[]): HttpFilters {
  const message = { http_filters: httpFilters } as unknown as JsonValue;
  const manager = fromJson(HttpConnectionManagerSchema, message, { registry: xdsRegistry });
  return compileHttpFilters(manager.httpFilters, {
    clusters: testClusters().manager,
    stats: new StatsStore(),
    statPrefix: 'x',
    clock: systemClock(),
    dice: seededDice(1),
    logger: silentLogger,
    watchSecret: () => ({ close: () => {} }),
    watchExtension: () => ({ close: () => {} }),
    onReady: () => {},
    taps: new TapRegistry(),
    node: undefined,
    direction: 'unspecified',
    counters: localCounters,
  });
}

test('an unknown HTTP filter is refused by name, an optional one left out, and the router must be last', () => {
  const unknown = {
    name: 'x',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy' },
  };
  assert.throws(() => compiled([unknown, routerFilter()]), {
    code: 'UNKNOWN_FILTER',
    message: 'HTTP filter x: unknown type envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  });
  assert.deepEqual(compiled([{ ...unknown, is_optional: true }, routerFilter()]).chain, []);
  assert.throws(() => compiled([]), FilterConfigError);
  assert.throws(() => compiled([routerFilter(), routerFilter()]), /a router is the last/);
});

/** Bytes as they came out, with what the filters saw. */
class RecordingStream {
  readonly filters = new RequestFilters(this as unknown as FilteringStream);
  active = true;
  passed = 0;
  ended = 0;
  request = '';
  response = '';
  paused = false;

  onFiltered(): void {
    this.passed++;
  }

  onFilteredBody(chunk: Buffer): void {
    assert.equal(this.passed, 1, 'no byte before the head');
    assert.equal(this.ended, 0, 'no byte after the end');
    this.request += chunk.toString();
  }

  onFilteredEnd(): void {
    assert.equal(this.passed, 1);
    this.ended++;
  }

  onFilteredResponseBody(chunk: Buffer): void {
    this.response += chunk.toString();
  }

  onFilterFailure(failure: unknown): void {
    throw failure;
  }

  resumeRequest(from: StreamFilter, kept?: Buffer): void {
    this.filters.resume(from, kept);
  }

  sendRequestBody(from: StreamFilter, chunk: Buffer): void {
    this.filters.sendRequestBody(from, chunk);
  }

  pauseRequest(): void {
    this.paused = true;
  }

  unpauseRequest(): void {
    this.paused = false;
  }
}

type Kind = 'pass' | 'wait' | 'keep-all' | 'upper' | 'late';

/** Filters of all manners; what waits goes on by `release`. */
class TestFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #kind: Kind;
  #kept: Buffer[] = [];
  #stream: FilteredStream | undefined;
  finished = 0;

  constructor(kind: Kind) {
    this.name = kind;
    this.#kind = kind;
  }

  open(stream: FilteredStream): StreamFilter {
    this.#stream = stream;
    return this;
  }

  get onRequest() {
    if (this.#kind === 'pass' || this.#kind === 'upper' || this.#kind === 'late') return undefined;
    return () => 'wait' as const;
  }

  get onRequestBody() {
    if (this.#kind === 'pass' || this.#kind === 'wait') return undefined;
    return (chunk: Buffer) => {
      if (this.#kind === 'upper') return Buffer.from(chunk.toString().toUpperCase());
      this.#kept.push(Buffer.from(chunk));
      return undefined;
    };
  }

  onRequestEnd(): void {
    if (this.#kind === 'keep-all') this.#stream!.resumeRequest(this, Buffer.concat(this.#kept));
    if (this.#kind === 'late') this.#stream!.sendRequestBody(this, Buffer.concat(this.#kept));
  }

  release(): void {
    if (this.#kind === 'wait') this.#stream!.resumeRequest(this);
  }

  onFinish(): void {
    this.finished++;
  }
}

test('whatever filters wait or keep, the bytes come out whole, in order, after the head and before the end', () => {
  const kind = fc.constantFrom<Kind>('pass', 'wait', 'keep-all', 'upper', 'late');
  const chunks = fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(kind, { maxLength: 5 }), chunks, fc.nat(8), (kinds, body, releaseAt) => {
      const stream = new RecordingStream();
      const filters = kinds.map((each) => new TestFilter(each));
      stream.filters.open(
        filters.map((filter) => ({ filter, disabled: false })),
        NO_FILTER_CONFIGS,
      );
      const release = () => filters.forEach((filter) => filter.release());
      stream.filters.run();
      body.forEach((chunk, index) => {
        if (index === releaseAt) release();
        stream.filters.requestBody(Buffer.from(chunk));
      });
      stream.filters.requestEnd(undefined);
      release();
      const wanted = body.join('');
      assert.equal(stream.request, kinds.includes('upper') ? wanted.toUpperCase() : wanted);
      assert.equal(stream.ended, 1);
      assert.equal(stream.paused, false);
      stream.filters.finish();
      assert.deepEqual(
        filters.map(({ finished }) => finished),
        filters.map(() => 1),
      );
    }),
  );
});

test('a response comes to the filters from the last to the first', () => {
  const stream = new RecordingStream();
  const tag = (mark: string): HttpFilter => ({
    name: mark,
    open: () => ({
      onResponseBody: (chunk: Buffer) => Buffer.from(`${chunk.toString()}${mark}`),
      onResponseEnd: (trailers) => {
        stream.response += mark;
        return trailers;
      },
    }),
  });
  stream.filters.open(
    ['a', 'b'].map((mark) => ({ filter: tag(mark), disabled: false })),
    NO_FILTER_CONFIGS,
  );
  stream.filters.responseBody(Buffer.from('x'));
  stream.filters.responseEnd(undefined);
  assert.equal(stream.response, 'xbaba');
});

test('a filter that is disabled runs only where a route configures it', () => {
  const opened: string[] = [];
  const filter = (name: string): HttpFilter => ({ name, open: () => void opened.push(name) });
  const chain = [
    { filter: filter('on'), disabled: false },
    { filter: filter('off'), disabled: true },
  ];
  const stream = new RecordingStream();
  stream.filters.open(chain, NO_FILTER_CONFIGS);
  stream.filters.open(
    chain,
    new Map([
      ['on', [{ disabled: true, config: undefined }]],
      ['off', [{ disabled: false, config: {} }]],
    ]),
  );
  assert.deepEqual(opened, ['on', 'off']);
});

class FailingStream extends RecordingStream {
  readonly failures: string[] = [];

  override onFilterFailure(failure: unknown): void {
    this.failures.push((failure as Error).message);
    this.active = false;
  }
}

function failingIn(hook: keyof StreamFilter): HttpFilter {
  const fail = () => {
    throw new Error(hook);
  };
  return { name: hook, open: () => ({ [hook]: fail }) };
}

test('what a filter throws for a request, or at its end, fails the stream, and no other filter misses the end', () => {
  for (const hook of ['onRequest', 'onRequestBody', 'onRequestEnd', 'onFinish'] as const) {
    const stream = new FailingStream();
    const last = new TestFilter('pass');
    const chain = [failingIn(hook), last].map((filter) => ({ filter, disabled: false }));
    stream.filters.open(chain, NO_FILTER_CONFIGS);
    stream.filters.run();
    stream.filters.requestBody(Buffer.from('x'));
    stream.filters.requestEnd(undefined);
    stream.filters.finish();
    assert.deepEqual([stream.failures, last.finished], [[hook], 1]);
    assert.equal(stream.ended, hook === 'onFinish' ? 1 : 0);
  }
});

test('what a filter throws after it waited fails the stream', () => {
  const stream = new FailingStream();
  const waiting = new TestFilter('wait');
  const chain = [waiting, failingIn('onRequest')].map((filter) => ({ filter, disabled: false }));
  stream.filters.open(chain, NO_FILTER_CONFIGS);
  stream.filters.run();
  stream.filters.requestBody(Buffer.from('x'));
  stream.filters.requestEnd(undefined);
  waiting.release();
  assert.deepEqual([stream.failures, stream.request, stream.ended], [['onRequest'], '', 0]);
});
