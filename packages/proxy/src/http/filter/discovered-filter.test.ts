import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import {
  type ExtensionConfigSource,
  ExtensionConfigSourceSchema,
} from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { xdsRegistry } from '../../xds/registry.ts';
import { DiscoveredFilter } from './discovered-filter.ts';
import type { FilteredStream, HttpFilter } from './http-filter.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer';
const buffer = (bytes: number): JsonValue => ({ '@type': TYPE, max_request_bytes: bytes });

function anyOf(value: JsonValue): Any {
  return fromJson(AnySchema, value, { registry: xdsRegistry });
}

function source(fields: object): ExtensionConfigSource {
  const message = { config_source: { ads: {} }, type_urls: [TYPE], ...fields } as JsonValue;
  return fromJson(ExtensionConfigSourceSchema, message, { registry: xdsRegistry });
}

/** A filter whose server the test plays. */
class Discovery {
  readonly log: string[] = [];
  readonly filter: DiscoveredFilter;
  push: (config: Any) => { message: string } | undefined = () => undefined;
  missing: () => void = () => {};

  constructor(fields: object) {
    this.filter = new DiscoveredFilter({
      name: 'x',
      discovery: source(fields),
      watch: (_source, _name, _types, onConfig, onMissing) => {
        this.push = onConfig;
        this.missing = () => onMissing?.();
        return { close: () => void this.log.push('unwatched') };
      },
      compile: (config) => this.#made(config),
      onReady: () => void this.log.push('ready'),
    });
  }

  #made(config: Any): HttpFilter {
    if (config.value.length === 0) throw new Error('no limit');
    const name = Buffer.from(config.value).toString('hex');
    return {
      name,
      open: () => {
        this.log.push(`open ${name}`);
        return undefined;
      },
      close: () => void this.log.push(`close ${name}`),
    };
  }

  /** What a request gets. */
  request(): string {
    let answered = 0;
    const stream = {
      answer: ({ status }: { status: number }) => void (answered = status),
    } as unknown as FilteredStream;
    const before = this.log.length;
    const opened = this.filter.open(stream);
    opened?.onRequest?.(stream);
    return answered > 0 ? String(answered) : this.log.slice(before).join();
  }
}

const one = '0a020801';
const two = '0a020802';

test('until a configuration came every request is refused; a bad one leaves the last good one', () => {
  const discovery = new Discovery({});
  assert.equal(discovery.filter.ready, false);
  assert.equal(discovery.request(), '500');
  assert.equal(discovery.push(anyOf(buffer(1))), undefined);
  assert.equal(discovery.filter.ready, true);
  assert.equal(discovery.request(), `open ${one}`);
  assert.equal(discovery.push(anyOf({ '@type': TYPE }))?.message, 'no limit');
  assert.equal(discovery.request(), `open ${one}`);
  assert.equal(discovery.push(anyOf(buffer(2))), undefined);
  assert.equal(discovery.request(), `open ${two}`);
  discovery.filter.close();
  assert.deepEqual(
    discovery.log.filter((line) => !line.startsWith('open')),
    ['ready', `close ${one}`, 'unwatched', `close ${two}`],
  );
});

test('a default runs at once where that is wanted, else when the server has nothing', () => {
  const eager = new Discovery({ default_config: buffer(1), apply_default_config_without_warming: true });
  assert.equal(eager.filter.ready, true);
  assert.equal(eager.request(), `open ${one}`);
  const patient = new Discovery({ default_config: buffer(1) });
  assert.equal(patient.filter.ready, false);
  patient.missing();
  assert.equal(patient.filter.ready, true);
  assert.equal(patient.request(), `open ${one}`);
});

test('without a configuration at the server, and without a default, requests are refused', () => {
  const discovery = new Discovery({});
  discovery.missing();
  assert.equal(discovery.filter.ready, true);
  assert.equal(discovery.request(), '500');
});

test('a source that allows no type is refused', () => {
  assert.throws(() => new Discovery({ type_urls: [] }), /HTTP filter x: no type_urls/);
});
