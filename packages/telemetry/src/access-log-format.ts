// Compiles an access-log format, a text or a JSON object, into a function from an entry to one line.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#format-rules
import { AccessLogError } from './access-log-error.ts';
import type { AccessLogEntry } from './access-log-entry.ts';
import { escapeLogValue } from './access-log-escape.ts';
import { compileOperator } from './access-log-operators.ts';
import {
  JsonText,
  type Operator,
  type OperatorContext,
  type OperatorValue,
  StructNumber,
} from './operators/operator.ts';
import { structText } from './struct-text.ts';

/** Envoy's default format, which is Istio's as well. */
export const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** A JSON format: its texts are formats themselves. */
export type JsonFormat = {
  readonly [key: string]: JsonFormat | string | number | boolean | null | readonly JsonFormat[];
};

export interface FormatOptions extends OperatorContext {
  /** Leaves out what is not known, in place of `-` (text) and null (JSON). */
  readonly omitEmptyValues?: boolean;
}

export type Render = (entry: AccessLogEntry) => string;

/** Compiles a format. The line of a text format ends as the format does; a JSON line ends with a line break. Throws AccessLogError. */
export function compileAccessLog(format: string | JsonFormat, options: FormatOptions): Render {
  return typeof format === 'string' ? compileText(format, options) : compileJson(format, options);
}

/** Compiles a text format whose values go on as they are, into records that keep them apart themselves. Throws AccessLogError. */
export function compileLogValue(format: string, options: FormatOptions): Render {
  const parts = parseFormat(format, options);
  const missing = options.omitEmptyValues ? '' : '-';
  return (entry) => parts.map((part) => (typeof part === 'string' ? part : joinedText(part(entry), missing))).join('');
}

type Part = string | Operator;

function compileText(format: string, options: FormatOptions): Render {
  const parts = parseFormat(format, options);
  const missing = options.omitEmptyValues ? '' : '-';
  return (entry) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : textValue(part(entry), missing);
    return line;
  };
}

function textValue(value: OperatorValue, missing: string): string {
  if (typeof value === 'string') return escapeLogValue(value);
  if (value === undefined || value === null) return missing;
  return typeof value === 'object' ? jsonText(value) : String(value);
}

/** One line, and its quotes are balanced. */
function jsonText(value: Exclude<OperatorValue, undefined>): string {
  if (value instanceof JsonText) return oneLine(JSON.stringify(value.value));
  return oneLine(structText(value instanceof StructNumber ? value.value : value));
}

function compileJson(format: JsonFormat, options: FormatOptions): Render {
  const value = compileNode(format, options);
  return (entry) => `${oneLine(JSON.stringify(value(entry) ?? {}))}\n`;
}

/** JSON leaves these as they are, though terminals and log shippers act on them. */
function oneLine(json: string): string {
  return json.replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

type Node = (entry: AccessLogEntry) => unknown;

function compileNode(format: unknown, options: FormatOptions): Node {
  if (typeof format === 'string') return compileLeaf(format, options);
  if (Array.isArray(format)) {
    const items = format.map((item: unknown) => compileNode(item, options));
    return options.omitEmptyValues
      ? (entry) => items.map((item) => item(entry)).filter(isKnown)
      : (entry) => items.map((item) => item(entry));
  }
  if (typeof format !== 'object' || format === null) return () => format;
  // Sorted by key, as Envoy writes them.
  const members = Object.entries(format)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => [key, compileNode(member, options)] as const);
  return (entry) => objectValue(members, entry, options.omitEmptyValues ?? false);
}

function objectValue(members: readonly (readonly [string, Node])[], entry: AccessLogEntry, omit: boolean): object {
  const values = members.map(([key, node]) => [key, node(entry)] as const);
  return Object.fromEntries(omit ? values.filter(([, value]) => isKnown(value)) : values);
}

/** An object of which nothing is known counts as not known. */
function isKnown(value: unknown): boolean {
  if (typeof value !== 'object' || Array.isArray(value)) return true;
  return value !== null && Object.keys(value).length > 0;
}

/** A text that is a single operator keeps its type and is null when unknown; others are joined. */
function compileLeaf(format: string, options: FormatOptions): Node {
  const parts = parseFormat(format, options);
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'function') return (entry) => jsonValue(only(entry));
  return compileLogValue(format, options);
}

function jsonValue(value: OperatorValue): unknown {
  return value instanceof JsonText || value instanceof StructNumber ? value.value : (value ?? null);
}

/** JSON itself escapes what is in it. */
function joinedText(value: OperatorValue, missing: string): string {
  if (value === undefined || value === null) return missing;
  return typeof value === 'object' ? jsonText(value) : String(value);
}

/** `%%`, `%NAME%`, `%NAME(argument)%`, `%NAME(argument):length%`, or anything else up to the next `%`. */
function parseFormat(format: string, context: OperatorContext): readonly Part[] {
  const pattern = /%%|%([A-Z_0-9]+)(?:\(((?:[^)]|\)(?![%:]))*)\))?(?::(\d+))?%|[^%]+/gy;
  const parts: Part[] = [];
  let end = 0;
  for (const match of format.matchAll(pattern)) {
    end = match.index + match[0].length;
    parts.push(part(match, context));
  }
  if (end < format.length) {
    throw new AccessLogError('UNCLOSED_OPERATOR', `access log format: no operator at "${format.slice(end, end + 40)}"`);
  }
  return parts;
}

function part([text, name, argument, length]: RegExpExecArray, context: OperatorContext): Part {
  if (name !== undefined)
    return compileOperator(name, argument, length === undefined ? undefined : Number(length), context);
  return text === '%%' ? '%' : text;
}
