// HTTP/1.1 codec and socket I/O of the data plane.
export { isAuthority } from './http1/authority.ts';
export { CHUNKED, type Http1Version, type RequestHead, type ResponseHead, UNTIL_CLOSE } from './http1/head.ts';
export { chunkHead, encodeRequestHead, encodeResponseHead, encodeTrailers, LAST_CHUNK } from './http1/encode.ts';
export { type FieldSpelling, PROPER_CASE, type SpellingMemory } from './http1/field-spelling.ts';
export { Headers } from './http1/headers.ts';
export { Http1Error, type Http1ErrorCode } from './http1/http1-error.ts';
export { defaultHttp1Limits, type Http1Limits } from './http1/limits.ts';
export { type RequestHandler, RequestParser } from './http1/request-parser.ts';
export { type ResponseHandler, ResponseParser } from './http1/response-parser.ts';
export { Http2Connection } from './http2/connection.ts';
export { Http2Error, type Http2ErrorCode } from './http2/http2-error.ts';
export type { Http2Handler } from './http2/http2-handler.ts';
export type { Http2Role } from './http2/http2-role.ts';
export type {
  Http2Stream,
  Http2StreamHandler,
  PseudoFields,
  RequestPseudo,
  ResponsePseudo,
} from './http2/http2-stream.ts';
export { defaultHttp2Limits, type Http2Limits } from './http2/limits.ts';
export { type ClientHelloPeek, peekClientHello } from './io/client-hello.ts';
export { connect, type ConnectHandler, type ConnectOptions } from './io/connect.ts';
export { listen, type ListenOptions, type ListeningSocket, type SocketOption } from './io/listen.ts';
export { formatIpv6, originalDestination } from './io/original-destination.ts';
export { loadSocketOptions } from './io/socket-option.ts';
export { SocketOptionError, type SocketOptionErrorCode } from './io/socket-option-error.ts';
export { startClientTls, startServerTls } from './io/tls.ts';
export type {
  ClientTlsOptions,
  PeerIssuers,
  PeerRegister,
  ServerTlsOptions,
  TlsHandler,
  TlsSession,
  TlsSessions,
} from './io/tls-options.ts';
export { TransportError, type TransportErrorCode } from './io/transport-error.ts';
export {
  highWaterMark,
  type PresentedEnds,
  type TlsInfo,
  type Transport,
  type TransportAddress,
  type TransportHandler,
} from './io/transport.ts';
export { encodeProxyHeader, type ProxyEnds } from './proxy-protocol/encode.ts';
export {
  peekProxyHeader,
  type ProxyExtension,
  type ProxyHeader,
  type ProxyHeaderPeek,
} from './proxy-protocol/parse.ts';
