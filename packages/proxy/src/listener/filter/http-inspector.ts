// Finds out whether a plaintext connection begins with an HTTP request, and of which version.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/http_inspector
import type { StatsStore } from '@meltemi/telemetry';
import type { FilterVerdict, InspectedConnection, ListenerFilter } from './listener-filter.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** A request line that is longer is taken for no HTTP. */
const MAX_LINE = 64 * 1024;

export function httpInspector(stats: StatsStore): ListenerFilter {
  return new HttpInspector(stats);
}

class HttpInspector implements ListenerFilter {
  readonly #scope;
  readonly #counters;

  constructor(stats: StatsStore) {
    const scope = stats.scope('http_inspector');
    this.#scope = scope;
    this.#counters = {
      readError: scope.counter('read_error'),
      'http/1.0': scope.counter('http10_found'),
      'http/1.1': scope.counter('http11_found'),
      h2c: scope.counter('http2_found'),
      notFound: scope.counter('http_not_found'),
    };
  }

  inspect(connection: InspectedConnection, bytes: Buffer): FilterVerdict {
    // TLS hides what is inside.
    if (connection.transportProtocol === 'tls') return 'next';
    const found = httpVersion(bytes);
    if (found === 'need-more') return 'wait';
    if (found === undefined) this.#counters.notFound.increment();
    else {
      this.#counters[found].increment();
      connection.applicationProtocols = [found];
    }
    return 'next';
  }

  close(): void {
    this.#scope.close();
  }
}

/** Undefined: no HTTP. */
export function httpVersion(bytes: Buffer): 'need-more' | 'http/1.0' | 'http/1.1' | 'h2c' | undefined {
  const length = Math.min(bytes.length, PREFACE.length);
  if (length === 0) return 'need-more';
  if (bytes.compare(PREFACE, 0, length, 0, length) === 0) return length === PREFACE.length ? 'h2c' : 'need-more';
  const end = bytes.indexOf(10);
  const line = bytes.toString('latin1', 0, end < 0 ? Math.min(bytes.length, MAX_LINE) : end);
  if (end < 0) return beginsLikeMethod(line) && bytes.length < MAX_LINE ? 'need-more' : undefined;
  const version = /^[A-Za-z!#$%&'*+.^_`|~0-9-]+ [^ ]+ HTTP\/1\.([01])\r?$/.exec(line)?.[1];
  if (version === undefined) return undefined;
  return version === '1' ? 'http/1.1' : 'http/1.0';
}

/** What may still become a request line: the characters of a method, then a space and anything visible. */
function beginsLikeMethod(text: string): boolean {
  return /^[A-Za-z!#$%&'*+.^_`|~0-9-]{1,64}(?: [\x20-\xff]*\r?)?$/.test(text);
}
