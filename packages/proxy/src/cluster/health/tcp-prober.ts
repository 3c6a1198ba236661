// Asks a host how it is by a connection, and by bytes sent and received where these are given.
import type { UpstreamTcpHandler } from '../cluster.ts';
import { TcpConnection } from '../endpoint/tcp-connection.ts';
import type { TcpCheck } from '../settings/check-protocol.ts';
import type { CheckContext } from './check-context.ts';
import { containsInOrder } from './payload-match.ts';
import type { CheckResult, Prober } from './prober.ts';

export class TcpProber implements Prober, UpstreamTcpHandler {
  readonly #context: CheckContext;
  readonly #check: TcpCheck;
  readonly #reuses: boolean;
  #connection: TcpConnection | undefined;
  #connected = false;
  #onResult: ((result: CheckResult) => void) | undefined;
  #received = Buffer.alloc(0);

  constructor(context: CheckContext, check: TcpCheck, reuses: boolean) {
    this.#context = context;
    this.#check = check;
    this.#reuses = reuses;
  }

  probe(onResult: (result: CheckResult) => void): void {
    this.#onResult = onResult;
    this.#received = Buffer.alloc(0);
    if (this.#connection && this.#connected) return this.#ask();
    this.#connected = false;
    this.#connection = new TcpConnection(this.#context, this.#context.breaker, this, () => undefined);
    this.#connection.open(this.#context.dial());
  }

  abort(): void {
    this.#onResult = undefined;
    this.#drop();
  }

  close(): void {
    this.abort();
  }

  onConnected(): void {
    this.#connected = true;
    this.#ask();
  }

  onData(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (containsInOrder(this.#received, this.#check.receive)) this.#pass();
  }

  onDrain(): void {}

  onEnd(): void {
    this.#fail();
  }

  onClose(): void {
    this.#connection = undefined;
    this.#fail();
  }

  #ask(): void {
    const { send, receive } = this.#check;
    if (send.length > 0) this.#connection!.write(send);
    // A connection is all that is asked for. As a promise of the interface, not within `probe`.
    if (receive.length === 0) process.nextTick(passLater, this);
  }

  passed(): void {
    if (this.#onResult) this.#pass();
  }

  #pass(): void {
    // Who sends nothing has nothing to hold a connection for.
    if (!this.#reuses || this.#check.receive.length === 0) this.#drop();
    this.#report({ kind: 'passed', degraded: false });
  }

  #fail(): void {
    this.#drop();
    this.#report({ kind: 'network', retriable: true });
  }

  #drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #report(result: CheckResult): void {
    const onResult = this.#onResult;
    this.#onResult = undefined;
    onResult?.(result);
  }
}

function passLater(prober: TcpProber): void {
  prober.passed();
}
