// Turns an Http1ProtocolOptions into what our side of HTTP/1.1 does, and names the field that can't be honoured.
import type { Http1ProtocolOptions } from '@meltemi/api/envoy/config/core/v3/protocol_pb';

export interface Http1Options {
  /** Trailers pass, both ways; as in Envoy they are dropped unless somebody asks for them. */
  readonly trailers: boolean;
}

export function http1Options(options: Http1ProtocolOptions | undefined): Http1Options {
  return { trailers: options?.enableTrailers ?? false };
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
 * | header_key_format | refused: field names are lower-case, Envoy's default |
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
    header_key_format: options.headerKeyFormat?.headerFormat.case !== undefined,
    allow_chunked_length: options.allowChunkedLength,
    override_stream_error_on_invalid_http_message: options.overrideStreamErrorOnInvalidHttpMessage === true,
    send_fully_qualified_url: options.sendFullyQualifiedUrl,
  };
  return Object.keys(refused).find((field) => refused[field]);
}
