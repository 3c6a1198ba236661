// SETTINGS, PING and GOAWAY of the peer → what changes, and the answers (RFC 9113 §6.5, §6.7, §6.8).
import type { Transport } from '../io/transport.ts';
import type { AbuseGuard } from './abuse-guard.ts';
import type { Drain } from './drain.ts';
import type { Http2ErrorCode } from './http2-error.ts';
import type { Http2Handler } from './http2-handler.ts';
import { SettingsExchange, type SettingsOwner } from './settings-exchange.ts';

const liveness = Buffer.from('liveness');

/** Whose connection they control. */
export interface ControlOwner extends SettingsOwner {
  readonly guard: AbuseGuard;
}

export class ControlFrames {
  readonly settings: SettingsExchange;
  /** It takes no new streams. */
  peerGoesAway = false;
  readonly #owner: ControlOwner;
  readonly #transport: Transport;
  readonly #handler: Http2Handler;
  readonly #drain: Drain;

  constructor(owner: ControlOwner, transport: Transport, handler: Http2Handler, drain: Drain) {
    this.settings = new SettingsExchange(owner);
    this.#owner = owner;
    this.#transport = transport;
    this.#handler = handler;
    this.#drain = drain;
  }

  ping(): void {
    this.#owner.sending.output.ping(liveness, false);
  }

  onSettings(payload: Buffer): void {
    this.#countReply();
    this.settings.read(payload);
    if (this.#owner.role === 'client') this.#handler.onCapacity();
  }

  onSettingsAck(): void {
    this.settings.acknowledged();
  }

  onPing(payload: Buffer, ack: boolean): void {
    if (!ack) {
      this.#countReply();
      this.#owner.sending.output.ping(payload, true);
    } else if (!this.#drain.onPong(payload)) {
      this.#handler.onPong();
    }
  }

  onGoAway(lastStreamId: number, code: Http2ErrorCode): void {
    this.peerGoesAway = true;
    const { role, streams } = this.#owner;
    for (const stream of role === 'client' ? streams.all() : []) {
      if (stream.id > lastStreamId) stream.fail('REFUSED_STREAM', true);
    }
    this.#handler.onGoAway(code);
  }

  #countReply(): void {
    this.#owner.guard.reply(this.#transport.bytesQueued > 0);
  }
}
