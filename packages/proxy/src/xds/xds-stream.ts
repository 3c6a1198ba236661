// Opens one gRPC stream to a configuration server and tells what happens on it.
import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import { type GrpcAddress, grpcClient, type GrpcClientTls } from '@meltemi/rpc';
import { XDS_SERVICES, type XdsForm, type XdsService } from './xds-method.ts';

export interface XdsStream {
  send(request: object): void;
  /** Ends it; the handler hears nothing more. */
  close(): void;
}

export interface XdsStreamHandler {
  /** The server accepted the call. */
  onOpen(): void;
  onResponse(response: object): void;
  /** Once, at the end, whatever the cause. */
  onEnd(reason: string): void;
}

export interface XdsStreamTarget {
  readonly service: XdsService;
  readonly form: XdsForm;
  readonly address: GrpcAddress;
  readonly tls: GrpcClientTls | undefined;
}

/** A new connection each time: its TLS files may have rotated, and the back-off between tries is ours. */
export function openXdsStream(target: XdsStreamTarget, handler: XdsStreamHandler): XdsStream {
  const { definition, methods } = XDS_SERVICES[target.service];
  const client = grpcClient(definition, target.address, target.tls);
  const open = client[methods[target.form]] as unknown as () => ClientDuplexStream<object, object>;
  const call = open.call(client);
  let ended = false;
  call.on('metadata', () => !ended && handler.onOpen());
  call.on('data', (response: object) => !ended && handler.onResponse(response));
  // The status comes after an error too, and once.
  call.on('error', () => {});
  call.on('status', (status: StatusObject) => {
    client.close();
    if (ended) return;
    ended = true;
    handler.onEnd(status.details || `status ${status.code}`);
  });
  return {
    send: (request) => void call.write(request),
    close() {
      ended = true;
      call.cancel();
      client.close();
    },
  };
}
