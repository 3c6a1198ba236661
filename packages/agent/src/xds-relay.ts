// Forwards the proxy's xDS streams to Pilot as bytes, each way as fast as the other side takes them.
import type { Duplex } from 'node:stream';
import type { ServiceError } from '@grpc/grpc-js';
import type { Logger } from '@meltemi/base';
import type { GrpcCall, GrpcService } from '@meltemi/rpc';
import { ADS_DEFINITION, ADS_METHODS, type AdsMethod } from './ads-definition.ts';
import type { DiscoveryClient } from './discovery-client.ts';

type ProxyStream = GrpcCall<Buffer, Buffer>;

/** A stream that ends on one side ends on the other, with the same status. */
export function xdsRelay(discovery: DiscoveryClient, logger: Logger): GrpcService {
  const log = logger.named('xds');
  const implementation = Object.fromEntries(
    ADS_METHODS.map((method) => [method, (stream: ProxyStream) => void relay(stream, method, discovery, log)]),
  );
  return { definition: ADS_DEFINITION, implementation };
}

async function relay(proxy: ProxyStream, method: AdsMethod, discovery: DiscoveryClient, log: Logger): Promise<void> {
  try {
    const pilot = await discovery.openStream(method);
    if (proxy.cancelled) return pilot.cancel();
    proxy.once('cancelled', () => pilot.cancel());
    proxy.once('error', () => pilot.cancel());
    pilot.once('error', (error: ServiceError) => {
      log.warn(`stream to Pilot ended: ${error.details}`);
      proxy.emit('error', statusError(error));
    });
    join(proxy, pilot as unknown as Duplex);
  } catch (error) {
    log.warn(`no stream to Pilot: ${String(error)}`);
    proxy.emit('error', statusError({ code: 14, details: 'no stream to Pilot' }));
  }
}

/** Both are streams of Node, which the types of grpc-js's client do not say. Pipes wait where the other side is slow. */
function join(proxy: Duplex, pilot: Duplex): void {
  proxy.pipe(pilot);
  pilot.pipe(proxy);
}

function statusError(status: { readonly code: number; readonly details: string }): Error {
  return Object.assign(new Error(status.details), { code: status.code, details: status.details });
}
