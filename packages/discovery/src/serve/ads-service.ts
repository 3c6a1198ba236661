// Serves AggregatedDiscoveryService: gRPC streams → proxies that are known, allowed and subscribed.
import { status } from '@grpc/grpc-js';
import { AggregatedDiscoveryService } from '@meltemi/api/envoy/service/discovery/v3/ads_pb';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import type { Logger } from '@meltemi/base';
import { type GrpcService, grpcService, type MessageBytes } from '@meltemi/rpc';
import { parseProxyNode, type ProxyNode } from '../proxy-node.ts';
import { type AdsCall, type AdsRequest, type Authenticate, authenticated, type Caller } from './ads-call.ts';
import { type DebugSource, DebugStream, isDebugType } from './debug-stream.ts';
import { RequestReader } from './request-reader.ts';
import { StreamRefusal } from './stream-refusal.ts';
import type { SubscriptionRequest } from './subscriber.ts';
import { deltaRequest, sotwRequest } from './subscription-request.ts';

/** The way back to a proxy. */
export interface AdsStream {
  /** Where it comes from, `address:port`. */
  readonly peer: string;
  /** Takes a whole encoded response, in its parts. `written` is called when it has left, or cannot any more. */
  send(response: MessageBytes, written: () => void): void;
  end(): void;
}

/** A stream whose proxy is known. */
export interface AdsSession {
  receive(request: SubscriptionRequest): void;
  close(): void;
}

export interface AdsServiceOptions {
  /** Undefined: whoever reaches the port is served. */
  readonly authenticate: Authenticate | undefined;
  readonly logger: Logger;
  /** Begins to serve a proxy; `caller` is undefined where nobody was asked. */
  readonly open: (
    node: ProxyNode,
    variant: 'sotw' | 'delta',
    stream: AdsStream,
    caller: Caller | undefined,
  ) => AdsSession;
  /** Undefined: debug types are not served. */
  readonly debug?: DebugSource | undefined;
  readonly rootNamespace: string;
}

/** As `serveGrpc` takes it among its `services`. */
export function adsService(options: AdsServiceOptions): GrpcService {
  return {
    definition: grpcService(AggregatedDiscoveryService, { requests: true, responses: true }),
    implementation: {
      streamAggregatedResources: (call: AdsCall) => serveStream(call, 'sotw', options),
      deltaAggregatedResources: (call: AdsCall) => serveStream(call, 'delta', options),
    },
  };
}

/** Requests that come while the caller is being asked who it is wait in order. */
function serveStream(call: AdsCall, variant: 'sotw' | 'delta', options: AdsServiceOptions): void {
  let session: AdsSession | undefined;
  let ended = false;
  const debug = options.debug && new DebugStream({ ...options, call, variant, source: options.debug });
  const end = () => {
    ended = true;
    session?.close();
    session = undefined;
  };
  const receive = async (request: AdsRequest) => {
    if (ended) return;
    if (debug && isDebugType(request.typeUrl)) return debug.receive(request);
    session ??= await openSession(call, variant, request, options);
    // The stream may have ended while its caller was asked.
    if (ended) return end();
    const subscription =
      variant === 'sotw' ? sotwRequest(request as DiscoveryRequest) : deltaRequest(request as DeltaDiscoveryRequest);
    if (subscription) session.receive(subscription);
    else options.logger.debug(`${request.node?.id ?? ''}: type ${request.typeUrl} is not served`);
  };
  const reader = new RequestReader(variant);
  let turn = Promise.resolve();
  call.on('data', (bytes: Buffer) => {
    turn = turn
      .then(() => receive(readRequest(reader, bytes)))
      .catch((error: unknown) => refuse(call, error, options.logger, end));
  });
  call.on('end', () => {
    end();
    call.end();
  });
  call.on('cancelled', end);
  call.on('close', end);
  call.on('error', end);
}

function readRequest(reader: RequestReader, bytes: Buffer): AdsRequest {
  try {
    return reader.read(bytes);
  } catch {
    throw new StreamRefusal(status.INTERNAL, 'the request cannot be read');
  }
}

async function openSession(
  call: AdsCall,
  variant: 'sotw' | 'delta',
  request: AdsRequest,
  options: AdsServiceOptions,
): Promise<AdsSession> {
  const caller = options.authenticate && (await authenticated(call, options.authenticate, options.logger));
  const node = parseProxyNode(request.node);
  if (!node)
    throw new StreamRefusal(
      status.INVALID_ARGUMENT,
      `node id ${JSON.stringify(request.node?.id ?? '')} is not KIND~ADDRESS~NAME.NAMESPACE~DOMAIN`,
    );
  if (caller && !agrees(caller, node)) {
    options.logger.warn(`${node.id}: refused, for the caller is ${caller.namespace}/${caller.serviceAccount}`);
    throw new StreamRefusal(status.PERMISSION_DENIED, 'the node is not the caller');
  }
  const stream = {
    peer: call.getPeer(),
    send: (response: MessageBytes, written: () => void) => void call.write(response, written),
    end: () => void call.end(),
  };
  return options.open(node, variant, stream, caller);
}

/** The namespace must be the caller's, and the service account too where the node names one. */
function agrees(caller: Caller, node: ProxyNode): boolean {
  const account = node.serviceAccount ?? caller.serviceAccount;
  return node.namespace === caller.namespace && account === caller.serviceAccount;
}

function refuse(call: AdsCall, error: unknown, logger: Logger, end: () => void): void {
  end();
  const refusal = error instanceof StreamRefusal ? error : new StreamRefusal(status.INTERNAL, 'internal error');
  if (refusal !== error) logger.error(`${call.getPeer()}: ${(error as Error).stack ?? String(error)}`);
  call.emit('error', refusal.event);
}
