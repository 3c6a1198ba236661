// The peer's SETTINGS frames → what it takes (RFC 9113 §6.5).
import { DEFAULT_WINDOW, MAX_FRAME_BYTES, MAX_WINDOW, setting } from './frame.ts';
import { Http2Error } from './http2-error.ts';
import type { Http2Role } from './http2-role.ts';

export class PeerSettings {
  /** Bytes of HPACK's table. */
  headerTableSize = 4096;
  /** Streams that we may have open; the peer may say 0. */
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  /** Bytes of DATA that a new stream may send. */
  initialWindow = DEFAULT_WINDOW;
  /** A server's word on CONNECT with `:protocol`; undefined: it has not spoken yet. */
  extendedConnect: boolean | undefined;
  readonly #role: Http2Role;

  /** `role` is ours. */
  constructor(role: Http2Role) {
    this.#role = role;
  }

  /** Takes the entries of one frame in their order. */
  read(payload: Buffer, maxEntries: number): void {
    if (payload.length % 6 !== 0) throw new Http2Error('FRAME_SIZE_ERROR', 'SETTINGS of no whole entries');
    if (payload.length / 6 > maxEntries) throw new Http2Error('ENHANCE_YOUR_CALM', 'too many settings');
    this.extendedConnect ??= false;
    for (let i = 0; i < payload.length; i += 6) this.#take(payload.readUInt16BE(i), payload.readUInt32BE(i + 2));
  }

  #take(which: number, value: number): void {
    switch (which) {
      case setting.headerTableSize:
        this.headerTableSize = value;
        return;
      case setting.enablePush:
        if (value > 1 || (value === 1 && this.#role === 'client')) throw bad('ENABLE_PUSH', value);
        return;
      case setting.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return;
      case setting.initialWindowSize:
        if (value > MAX_WINDOW) throw new Http2Error('FLOW_CONTROL_ERROR', `INITIAL_WINDOW_SIZE ${value}`);
        this.initialWindow = value;
        return;
      case setting.maxFrameSize:
        // What we send is never larger than the least that the peer may ask for.
        if (value < MAX_FRAME_BYTES || value > 0xff_ff_ff) throw bad('MAX_FRAME_SIZE', value);
        return;
      case setting.enableConnectProtocol:
        if (value > 1) throw bad('ENABLE_CONNECT_PROTOCOL', value);
        this.extendedConnect = value === 1;
        return;
      default:
      // MAX_HEADER_LIST_SIZE is advice; what is unknown is ignored (RFC 9113 §6.5.2).
    }
  }
}

function bad(name: string, value: number): Http2Error {
  return new Http2Error('PROTOCOL_ERROR', `${name} ${value}`);
}
