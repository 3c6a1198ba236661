// Turns an Http1ProtocolOptions into what our side of HTTP/1.1 does, and names the field that can't be honoured.
import { unpackAny } from '@meltemi/api';
import type { Http1ProtocolOptions } from '@meltemi/api/envoy/config/core/v3/protocol_pb';
import {
  type PreserveCaseFormatterConfig,
  PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeaders as OthersFormat,
  PreserveCaseFormatterConfigSchema,
} from '@meltemi/api/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb';
import { type FieldSpelling, PROPER_CASE, type SpellingMemory } from '@meltemi/wire';

export interface Http1Options {
  /** Trailers pass, both ways; as in Envoy they are dropped unless somebody asks for them. */
  readonly trailers: boolean;
  /** Of the names of fields that we send and that nobody has spelled; undefined: lower case, as in Envoy. */
  readonly spelling: FieldSpelling | undefined;
  /** Messages that we read keep the spelling of their names, wherever they are sent on; undefined: they don't. */
  readonly memory: SpellingMemory | undefined;
}

export function http1Options(options: Http1ProtocolOptions | undefined): Http1Options {
  const trailers = options?.enableTrailers ?? false;
  const format = options?.headerKeyFormat?.headerFormat;
  const spelling = format?.case === 'properCaseWords' ? PROPER_CASE : undefined;
  const keeping = preserveCase(options);
  const others = keeping?.formatterTypeOnEnvoyHeaders === OthersFormat.PROPER_CASE ? PROPER_CASE : undefined;
  return { trailers, spelling, memory: keeping && { others, reasons: keeping.forwardReasonPhrase } };
}

/** Names of fields count for somebody: only HTTP/1.1 can say them. */
export function spells({ spelling, memory }: Http1Options): boolean {
  return spelling !== undefined || memory !== undefined;
}

function preserveCase(options: Http1ProtocolOptions | undefined): PreserveCaseFormatterConfig | undefined {
  const format = options?.headerKeyFormat?.headerFormat;
  if (format?.case !== 'statefulFormatter') return undefined;
  return unpackAny(format.value.typedConfig, PreserveCaseFormatterConfigSchema);
}

/**
 * The name of the first field that asks for something we don't do; undefined: everything is honoured.
 *
 * | field | what we do |
 * |---|---|
 * | enable_trailers | honoured |
 * | allow_absolute_url | true, Envoy's default; false is refused |
 * | accept_http_10 | always: where Envoy answers 426 by default, we answer the request |
 * | default_host_for_http_10 | refused |
 * | header_key_format | proper_case_words, and stateful_formatter preserve_case; other formatters are refused |
 * | allow_chunked_length | refused: both framings in one message is an attack |
 * | override_stream_error_on_invalid_http_message | false, Envoy's default: the connection ends; true is refused |
 * | send_fully_qualified_url | refused |
 * | allow_custom_methods | always: where Envoy answers 400 by default, methods of any name pass |
 * | use_balsa_parser | says which of Envoy's parsers runs: nothing to us |
 */
export function refusedHttp1Option(options: Http1ProtocolOptions | undefined): string | undefined {
  if (!options) return undefined;
  const refused: Readonly<Record<string, boolean>> = {
    'allow_absolute_url: false': options.allowAbsoluteUrl === false,
    default_host_for_http_10: options.defaultHostForHttp10 !== '',
    'header_key_format.stateful_formatter':
      options.headerKeyFormat?.headerFormat.case === 'statefulFormatter' && !preserveCase(options),
    allow_chunked_length: options.allowChunkedLength,
    override_stream_error_on_invalid_http_message: options.overrideStreamErrorOnInvalidHttpMessage === true,
    send_fully_qualified_url: options.sendFullyQualifiedUrl,
  };
  return Object.keys(refused).find((field) => refused[field]);
}
