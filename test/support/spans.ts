// Spans as collectors heard them, in one form, without what differs by nature: identifiers, times, and where spans came in.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

export interface SeenSpan {
  readonly name: string;
  readonly kind: string;
  /** Letters for identifiers, the same for the same: of the trace, of the span, of its parent. */
  readonly ids: string;
  readonly shared: boolean;
  readonly flags: number | undefined;
  readonly error: boolean;
  readonly state: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Of a list in the JSON of Zipkin's API. */
export function zipkinSpans(list: readonly JsonValue[]): readonly RawSpan[] {
  return list.map((value) => {
    const span = value as JsonObject;
    const tags = span['tags'] as Record<string, string>;
    return {
      ids: [span['traceId'], span['id'], span['parentId']] as (string | undefined)[],
      name: textOf(span['name']),
      kind: textOf(span['kind']),
      shared: span['shared'] === true,
      flags: undefined,
      error: 'error' in tags,
      state: '',
      tags,
    };
  });
}

/** Of requests to export spans, in the JSON of protobuf. */
export function otlpSpans(requests: readonly JsonValue[]): readonly RawSpan[] {
  const spans = requests.flatMap((request) =>
    list(request, 'resourceSpans').flatMap((resource) =>
      list(resource, 'scopeSpans').flatMap((scope) => list(scope, 'spans')),
    ),
  );
  return spans.map((span) => ({
    ids: ['traceId', 'spanId', 'parentSpanId'].map((key) => hex(span[key])),
    name: textOf(span['name']),
    kind: textOf(span['kind']).replace('SPAN_KIND_', ''),
    shared: false,
    flags: Number(span['flags']),
    error: (span['status'] as JsonObject | undefined)?.['code'] === 'STATUS_CODE_ERROR',
    state: textOf(span['traceState']),
    tags: Object.fromEntries(
      list(span, 'attributes').map(({ key, value }) => [key as string, textOf((value as JsonObject)['stringValue'])]),
    ),
  }));
}

/** `ids`: of the trace, of the span, of its parent. */
export type RawSpan = Omit<SeenSpan, 'ids'> & { readonly ids: readonly (string | undefined)[] };

/** Values of tags that no two runs share are left out. */
const VARIABLE = /^(?:guid:x-request-id|upstream_address)$/;

/** Of one trace. */
export function describedSpans(spans: readonly RawSpan[]): readonly SeenSpan[] {
  const sorted = [...spans].sort((a, b) => (a.name < b.name ? -1 : 1));
  const letters = new Map<string, string>();
  return sorted.map((span) => ({
    ...span,
    ids: span.ids.map((id) => letterOf(id, letters)).join(' '),
    tags: Object.fromEntries(
      Object.entries(span.tags)
        .sort(byKey)
        .map(([key, value]) => [key, VARIABLE.test(key) ? 'some' : value.replace(/^(127\.0\.0\.1):\d+$/, '$1')]),
    ),
  }));
}

/** An identifier that a test chose stays as it is. */
const CHOSEN =
  /^(?:463ac35c9f6413ad48485a3953bb6124|a2fb4a1d1a96d312|0020000000000001|0af7651916cd43dd8448eb211c80319c|b7ad6b7169203331)$/;

export function letterOf(id: string | undefined, letters: Map<string, string>): string {
  if (id === undefined || id === '') return '-';
  if (CHOSEN.test(id)) return id;
  const letter = letters.get(id) ?? `${id.length}:${String.fromCharCode(65 + letters.size)}`;
  letters.set(id, letter);
  return letter;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function hex(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('hex') : undefined;
}

function list(value: JsonValue, key: string): readonly JsonObject[] {
  return ((value as JsonObject)[key] ?? []) as JsonObject[];
}

export function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
