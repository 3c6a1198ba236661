// Picks the host of each try: what a balancer is told of the request, and which hosts another try leaves out.
import type { Hash64, SocketAddress } from '@meltemi/base';
import type { RetryHosts } from '@meltemi/decide';
import type { Headers } from '@meltemi/wire';
import { TriedPriorities } from '../cluster/balance/tried-priorities.ts';
import type { PickContext, UpstreamHost } from '../cluster/cluster.ts';
import type { Forwarding } from './forwarding.ts';
import { leavesOut } from './retry-hosts.ts';
import type { RoutedStream } from './routed-stream.ts';

/** One a connection, for one request after the other. */
export class HostPick implements PickContext {
  readonly #stream: RoutedStream;
  #again = false;
  hash: Hash64 | undefined;
  subset: PickContext['subset'];
  requestHeaders: Headers | undefined;
  tried: UpstreamHost[] = [];
  triedPriorities: TriedPriorities | undefined;

  constructor(stream: RoutedStream) {
    this.#stream = stream;
  }

  get originalDestination(): SocketAddress | undefined {
    return this.#stream.client.originalDestination;
  }

  /** Another try goes to any host. */
  get overrideHost(): string | undefined {
    return this.#again ? undefined : this.#stream.request.hostBinding?.address;
  }

  get overrideStrict(): boolean {
    return this.#stream.request.hostBinding?.strict ?? false;
  }

  start({ decision, request }: Forwarding): void {
    this.hash = decision.hash;
    this.subset = decision.subset;
    this.requestHeaders = request.headers;
  }

  /** Undefined: there is none. */
  pick(forwarding: Forwarding): UpstreamHost | undefined {
    const host = this.#again ? this.#pickAgain(forwarding) : forwarding.cluster.pick(this);
    this.#again = true;
    if (host) this.triedPriorities?.note(host.priority);
    return host;
  }

  /** The try at this host is over, and another is to come. */
  noteTried(host: UpstreamHost, { previousHosts, priorityUpdate }: RetryHosts): void {
    if (previousHosts) this.tried.push(host);
    if (priorityUpdate === 0 || this.triedPriorities) return;
    this.triedPriorities = new TriedPriorities(priorityUpdate);
    this.triedPriorities.note(host.priority);
  }

  /** For the next request. */
  reset(): void {
    this.#again = false;
    this.requestHeaders = undefined;
    if (this.tried.length > 0) this.tried = [];
    this.triedPriorities = undefined;
  }

  /** Not the hosts that the policy wants to leave out, as long as others are found in so many attempts. */
  #pickAgain({ cluster, decision }: Forwarding): UpstreamHost | undefined {
    const policy = decision.retry?.hosts;
    let host = cluster.pick(this);
    for (let attempt = 1; host && policy && attempt <= policy.attempts && leavesOut(policy, host); attempt++) {
      host = cluster.pick(this);
    }
    return host;
  }
}
