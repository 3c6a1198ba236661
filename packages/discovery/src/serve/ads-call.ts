// A call of the discovery service: its requests, and who makes them.
import { status } from '@grpc/grpc-js';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import type { Logger } from '@meltemi/base';
import type { GrpcCall, MessageBytes } from '@meltemi/rpc';
import { StreamRefusal } from './stream-refusal.ts';

export type AdsRequest = DiscoveryRequest | DeltaDiscoveryRequest;
/** Messages are bytes both ways. */
export type AdsCall = GrpcCall<Buffer, MessageBytes>;

/** Who a caller has proved to be. */
export interface Caller {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Says who calls. Rejects, or answers undefined, when nothing is proved: the stream is refused. */
export type Authenticate = (call: AdsCall) => Promise<Caller | undefined>;

/** Throws StreamRefusal UNAUTHENTICATED, without a word about what was wrong. */
export async function authenticated(call: AdsCall, authenticate: Authenticate, logger: Logger): Promise<Caller> {
  const caller = await authenticate(call).catch((error: unknown) => {
    logger.warn(`${call.getPeer()}: not authenticated: ${(error as Error).message}`);
    return undefined;
  });
  if (!caller) throw new StreamRefusal(status.UNAUTHENTICATED, 'authentication failed');
  return caller;
}
