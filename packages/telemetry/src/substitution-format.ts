// A `SubstitutionFormatString` of a configuration → a compiled format.
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import type { SubstitutionFormatString } from '@meltemi/api/envoy/config/core/v3/substitution_format_string_pb';
import { AccessLogError } from './access-log-error.ts';
import {
  compileAccessLog,
  compileLogValue,
  DEFAULT_FORMAT,
  type JsonFormat,
  type Render,
} from './access-log-format.ts';
import type { OperatorContext } from './operators/operator.ts';

/** Without one: Envoy's default. Throws AccessLogError. */
export function compileSubstitution(format: SubstitutionFormatString | undefined, context: OperatorContext): Render {
  refuseUnknownFormatters(format?.formatters ?? []);
  return compileAccessLog(formatOf(format), { ...context, omitEmptyValues: format?.omitEmptyValues ?? false });
}

/** How the body of a local reply is written. */
export interface BodyFormat {
  readonly contentType: string;
  /** `latin1`: what an entry knows is bytes, the body too, and so is what is written; a JSON body is text throughout. */
  readonly charset: 'latin1' | 'utf8';
  readonly render: Render;
}

/** Throws AccessLogError. */
export function compileBodyFormat(format: SubstitutionFormatString, context: OperatorContext): BodyFormat {
  refuseUnknownFormatters(format.formatters);
  const options = { ...context, omitEmptyValues: format.omitEmptyValues };
  const given = formatOf(format);
  if (typeof given !== 'string') {
    const contentType = format.contentType || 'application/json';
    return { contentType, charset: 'utf8', render: compileAccessLog(given, options) };
  }
  const bytes = Buffer.from(given).toString('latin1');
  return {
    contentType: format.contentType || 'text/plain',
    charset: 'latin1',
    render: compileLogValue(bytes, options),
  };
}

/** The commands of these extensions are known without being asked for; those of others are not. */
const KNOWN_FORMATTERS: ReadonlySet<string> = new Set([
  'envoy.extensions.formatter.metadata.v3.Metadata',
  'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery',
]);

/** Throws AccessLogError. */
export function refuseUnknownFormatters(formatters: readonly TypedExtensionConfig[]): void {
  for (const { name, typedConfig } of formatters) {
    const type = typedConfig?.typeUrl.slice(typedConfig.typeUrl.lastIndexOf('/') + 1) ?? '';
    if (KNOWN_FORMATTERS.has(type)) continue;
    throw new AccessLogError(
      'UNSUPPORTED_FIELD',
      `access log formatter ${name} (${type || 'no type'}) is not supported`,
    );
  }
}

function formatOf(format: SubstitutionFormatString | undefined): string | JsonFormat {
  switch (format?.format.case) {
    case 'textFormat':
      return format.format.value;
    case 'jsonFormat':
      return format.format.value as JsonFormat;
    case 'textFormatSource':
      return inlineText(format.format.value.specifier);
    default:
      return DEFAULT_FORMAT;
  }
}

function inlineText(source: { readonly case: string | undefined; readonly value?: unknown }): string {
  if (source.case === 'inlineString' && typeof source.value === 'string') return source.value;
  if (source.case === 'inlineBytes' && source.value instanceof Uint8Array) return Buffer.from(source.value).toString();
  throw new AccessLogError(
    'UNSUPPORTED_FIELD',
    `access log format source ${source.case ?? '(empty)'} is not supported`,
  );
}
