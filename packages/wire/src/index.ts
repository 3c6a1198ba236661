// HTTP/1.1 codec and socket I/O of the data plane.
export { CHUNKED, type Http1Version, type RequestHead, type ResponseHead, UNTIL_CLOSE } from './http1/head.ts';
export { chunkHead, encodeRequestHead, encodeResponseHead, encodeTrailers, LAST_CHUNK } from './http1/encode.ts';
export { Headers } from './http1/headers.ts';
export { Http1Error, type Http1ErrorCode } from './http1/http1-error.ts';
export { defaultHttp1Limits, type Http1Limits } from './http1/limits.ts';
export { type RequestHandler, RequestParser } from './http1/request-parser.ts';
export { type ResponseHandler, ResponseParser } from './http1/response-parser.ts';
export { type ClientHelloPeek, peekClientHello } from './io/client-hello.ts';
export { connect, type ConnectHandler, type ConnectOptions } from './io/connect.ts';
export { listen, type ListenOptions, type ListeningSocket } from './io/listen.ts';
export {
  type ClientTlsOptions,
  type ServerTlsOptions,
  startClientTls,
  startServerTls,
  type TlsHandler,
} from './io/tls.ts';
export { TransportError, type TransportErrorCode } from './io/transport-error.ts';
export {
  highWaterMark,
  type TlsInfo,
  type Transport,
  type TransportAddress,
  type TransportHandler,
} from './io/transport.ts';
