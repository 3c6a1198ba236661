// Serves AggregatedDiscoveryService: gRPC streams → proxies that are known, allowed and subscribed.
import {
  Metadata,
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { AggregatedDiscoveryService } from '@meltemi/api/envoy/service/discovery/v3/ads_pb';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import type { Logger } from '@meltemi/base';
import { grpcService } from '@meltemi/rpc';
import { parseProxyNode, type ProxyNode } from '../proxy-node.ts';
import type { SubscriptionRequest } from './subscriber.ts';
import { deltaRequest, sotwRequest } from './subscription-request.ts';

/** Who a caller has proved to be. */
export interface Caller {
  readonly namespace: string;
  readonly serviceAccount: string;
}

type AdsRequest = DiscoveryRequest | DeltaDiscoveryRequest;
export type AdsCall = ServerDuplexStream<AdsRequest, Uint8Array>;

/** Says who calls. Rejects, or answers undefined, when nothing is proved: the stream is refused. */
export type Authenticate = (call: AdsCall) => Promise<Caller | undefined>;

/** The way back to a proxy. */
export interface AdsStream {
  /** Takes a whole encoded response. */
  send(response: Uint8Array): void;
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
  /** Begins to serve a proxy. */
  readonly open: (node: ProxyNode, variant: 'sotw' | 'delta', stream: AdsStream) => AdsSession;
}

/** As `serveGrpc` takes it among its `services`. */
export interface AdsService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export function adsService(options: AdsServiceOptions): AdsService {
  return {
    definition: grpcService(AggregatedDiscoveryService, { responses: true }),
    implementation: {
      streamAggregatedResources: (call: AdsCall) => serveStream(call, 'sotw', options),
      deltaAggregatedResources: (call: AdsCall) => serveStream(call, 'delta', options),
    },
  };
}

/** A reason to end a stream, as gRPC says it. */
class StreamRefusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = 'StreamRefusal';
    this.code = code;
  }
}

/** Requests that come while the caller is being asked who it is wait in order. */
function serveStream(call: AdsCall, variant: 'sotw' | 'delta', options: AdsServiceOptions): void {
  let session: AdsSession | undefined;
  let ended = false;
  const end = () => {
    ended = true;
    session?.close();
    session = undefined;
  };
  const receive = async (request: AdsRequest) => {
    if (ended) return;
    session ??= await openSession(call, variant, request, options);
    // The stream may have ended while its caller was asked.
    if (ended) return end();
    const subscription =
      variant === 'sotw' ? sotwRequest(request as DiscoveryRequest) : deltaRequest(request as DeltaDiscoveryRequest);
    if (subscription) session.receive(subscription);
    else options.logger.debug(`${request.node?.id ?? ''}: type ${request.typeUrl} is not served`);
  };
  let turn = Promise.resolve();
  call.on('data', (request: AdsRequest) => {
    turn = turn.then(() => receive(request)).catch((error: unknown) => refuse(call, error, options.logger, end));
  });
  call.on('end', () => {
    end();
    call.end();
  });
  call.on('cancelled', end);
  call.on('close', end);
  call.on('error', end);
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
  return options.open(node, variant, { send: (response) => void call.write(response), end: () => void call.end() });
}

async function authenticated(call: AdsCall, authenticate: Authenticate, logger: Logger): Promise<Caller> {
  const caller = await authenticate(call).catch((error: unknown) => {
    logger.warn(`${call.getPeer()}: not authenticated: ${(error as Error).message}`);
    return undefined;
  });
  if (!caller) throw new StreamRefusal(status.UNAUTHENTICATED, 'authentication failed');
  return caller;
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
  call.emit('error', Object.assign(refusal, { details: refusal.message, metadata: new Metadata() }));
}
