// gRPC servers and clients, and HTTP for admin pages.
export { crossSiteRefusal, type GuardedRequest } from './cross-site.ts';
export { type GrpcClient, grpcClient, type GrpcClientTls } from './grpc-client.ts';
export { guardedFetch, type GuardedFetch, type GuardedFetchOptions } from './guarded-fetch.ts';
export { type AuthContext, GrpcCall } from './grpc-call.ts';
export type { GrpcHandlers, GrpcReply, GrpcService } from './grpc-handlers.ts';
export { type GrpcAddress, type GrpcServerOptions, type RunningGrpcServer, serveGrpc } from './grpc-server.ts';
export type { MessageBytes } from './message-frames.ts';
export { grpcService, type RawSides } from './grpc-service.ts';
export { rangesOf } from './inner-addresses.ts';
export { type GrpcServerTls, type ServingPair } from './serving-credentials.ts';
export { peerAddress } from './peer-address.ts';
export { type RunningHttpServer, type RunningHttpsServer, serveHttp, serveHttps } from './http-server.ts';
