// Shows the requests of a listener to whoever taps them; while nobody does, it costs a lookup.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/tap_filter
import { writeFile } from 'node:fs';
import { fromBinary, toJsonString } from '@bufbuild/protobuf';
import { TraceWrapperSchema } from '@meltemi/api/envoy/data/tap/v3/wrapper_pb';
import { type Tap, TapSchema } from '@meltemi/api/envoy/extensions/filters/http/tap/v3/tap_pb';
import type { Clock, Logger } from '@meltemi/base';
import type { Headers } from '@meltemi/wire';
import type { HttpFilterParts, HttpFilterType } from '../http/filter/filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from '../http/filter/http-filter.ts';
import type { StreamEntry } from '../http/stream-entry.ts';
import { type Fields, type HttpTrace, traceMessage, TracedMessage } from './http-trace.ts';
import { TapConfigError } from './tap-config-error.ts';
import { type ActiveTap } from './tap-registry.ts';
import { tapSettings } from './tap-settings.ts';

export const TAP_FILTER: HttpFilterType = {
  typeName: TapSchema.typeName,
  compile: (name, config, parts) => tapFilter(name, fromBinary(TapSchema, config), parts),
};

function tapFilter(name: string, { commonConfig, ...fields }: Tap, parts: HttpFilterParts): HttpFilter {
  const times = fields.recordHeadersReceivedTime ? parts.clock : undefined;
  const config = commonConfig?.configType;
  switch (config?.case) {
    case 'adminConfig': {
      const { configId } = config.value;
      const forget = parts.taps.register(configId);
      return new TapFilter(name, times, () => parts.taps.active(configId), forget);
    }
    case 'staticConfig': {
      const settings = tapSettings(config.value);
      if (settings.sink.kind !== 'files') throw new TapConfigError('BAD_OUTPUT', 'a static tap writes files');
      const { pathPrefix } = settings.sink;
      const tap = { settings, emit: writerOf(pathPrefix, parts.logger) };
      return new TapFilter(
        name,
        times,
        () => tap,
        () => {},
      );
    }
    default:
      throw new TapConfigError('UNSUPPORTED_FIELD', 'common_config says neither admin_config nor static_config');
  }
}

function writerOf(pathPrefix: string, logger: Logger): ActiveTap['emit'] {
  let written = 0;
  return (trace) => {
    const path = `${pathPrefix}_${++written}.json`;
    writeFile(path, trace, (error) => {
      if (error) logger.error(`tap: ${path}: ${error.message}`);
    });
  };
}

class TapFilter implements HttpFilter {
  readonly name: string;
  readonly #times: Clock | undefined;
  readonly #active: () => ActiveTap | undefined;
  readonly close: () => void;

  constructor(name: string, times: Clock | undefined, active: () => ActiveTap | undefined, close: () => void) {
    this.name = name;
    this.#times = times;
    this.#active = active;
    this.close = close;
  }

  open(): StreamFilter | undefined {
    const tap = this.#active();
    return tap && new TappedRequest(tap, this.#times);
  }
}

class TappedRequest implements StreamFilter {
  readonly #tap: ActiveTap;
  readonly #times: Clock | undefined;
  readonly #trace: HttpTrace;

  constructor(tap: ActiveTap, times: Clock | undefined) {
    this.#tap = tap;
    this.#times = times;
    const { requestLimit, responseLimit } = tap.settings;
    this.#trace = { request: new TracedMessage(requestLimit), response: new TracedMessage(responseLimit) };
  }

  onRequest(): FilterStep {
    this.#trace.request.headersMs = this.#times?.now();
    return 'next';
  }

  onRequestBody(chunk: Buffer): Buffer {
    this.#trace.request.add(chunk);
    return chunk;
  }

  onRequestEnd(trailers: Headers | undefined): void {
    this.#trace.request.end(trailers);
  }

  onResponse(): void {
    this.#trace.response.headersMs = this.#times?.now();
  }

  onResponseBody(chunk: Buffer): Buffer {
    this.#trace.response.add(chunk);
    return chunk;
  }

  onResponseEnd(trailers: Headers | undefined): Headers | undefined {
    this.#trace.response.end(trailers);
    return trailers;
  }

  /** Fields are shown as they went on, with what the proxy did to them. */
  onFinish({ entry }: FilteredStream): void {
    const { settings, emit } = this.#tap;
    const { request, response } = this.#trace;
    request.fields = [...pseudoFields(entry), ...[...entry.headers.entries()].filter(([name]) => name !== 'host')];
    if (entry.responseCode > 0)
      response.fields = [[':status', String(entry.responseCode)], ...(entry.responseHeaders?.entries() ?? [])];
    if (!settings.matches(this.#trace)) return;
    const message = traceMessage(this.#trace, settings.format);
    emit(toJsonString(TraceWrapperSchema, message, { prettySpaces: 1, useProtoFieldName: true }));
  }
}

function pseudoFields(entry: StreamEntry): Fields {
  return [':authority', ':path', ':method', ':scheme'].map((name) => [name, entry.requestHeader(name) ?? '']);
}
