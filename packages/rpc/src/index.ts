// gRPC servers and clients, and HTTP for admin pages.
export { type GrpcClient, grpcClient, type GrpcClientTls } from './grpc-client.ts';
export { type GrpcAddress, type GrpcServerOptions, type RunningGrpcServer, serveGrpc } from './grpc-server.ts';
export { grpcService, type RawSides } from './grpc-service.ts';
export { type GrpcServerTls, type ServingPair } from './serving-credentials.ts';
export { type RunningHttpServer, serveHttp } from './http-server.ts';
