// Sends a copy of a request to another cluster and throws the answer away; it never slows the request down.
import type { Mirror } from '@meltemi/decide';
import type { Headers } from '@meltemi/wire';
import type { Clusters, UpstreamExchange, UpstreamHandler, UpstreamRequest } from '../cluster/cluster.ts';

/** Bytes that may wait for a mirror that is slower than the request. */
const QUEUE_LIMIT = 1024 * 1024;

const NONE: readonly MirroredRequest[] = [];

/** Starts the copies for which there is a cluster with a host. */
export function startMirrors(
  mirrors: readonly Mirror[],
  clusters: Clusters,
  request: UpstreamRequest,
): readonly MirroredRequest[] {
  if (mirrors.length === 0) return NONE;
  return mirrors.flatMap((mirror) => MirroredRequest.start(mirror, clusters, request) ?? []);
}

/** A copy on its way. */
export class MirroredRequest implements UpstreamHandler {
  #exchange: UpstreamExchange | undefined;
  #queued = 0;

  /** Undefined when the cluster is unknown, has no host, or is at its limits. */
  static start(mirror: Mirror, clusters: Clusters, request: UpstreamRequest): MirroredRequest | undefined {
    const cluster = clusters.get(mirror.cluster);
    const host = cluster?.pick({ hash: undefined, tried: [] });
    if (!cluster || !host) return undefined;
    const copy = new MirroredRequest();
    copy.#exchange = cluster.open(host, copy);
    copy.#exchange?.sendHead(mirror.appendShadowSuffix ? withShadowHost(request) : request);
    return copy.#exchange && copy;
  }

  sendBody(chunk: Buffer): void {
    if (!this.#exchange || this.#exchange.sendBody(chunk)) return;
    this.#queued += chunk.length;
    if (this.#queued > QUEUE_LIMIT) this.cancel();
  }

  end(trailers: Headers | undefined): void {
    this.#exchange?.end(trailers);
  }

  cancel(): void {
    this.#exchange?.reset('cancelled');
    this.#exchange = undefined;
  }

  onConnected(): void {}

  onHead(): void {}

  onBody(): void {}

  onEnd(): void {
    this.#exchange = undefined;
  }

  onReset(): void {
    this.#exchange = undefined;
  }

  onPause(): void {}

  onDrain(): void {
    this.#queued = 0;
  }
}

/** `reviews:9080` becomes `reviews-shadow:9080`. */
function withShadowHost(request: UpstreamRequest): UpstreamRequest {
  const headers = request.headers.clone();
  headers.set('host', (headers.get('host') ?? '').replace(/(:\d+)?$/, '-shadow$1'));
  return { ...request, headers };
}
