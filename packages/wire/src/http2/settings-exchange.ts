// What both sides promise each other by SETTINGS, and when it counts (RFC 9113 §6.5.3).
import { DEFAULT_WINDOW, setting } from './frame.ts';
import { Http2Error } from './http2-error.ts';
import type { Http2Role } from './http2-role.ts';
import type { Http2Limits } from './limits.ts';
import { PeerSettings } from './peer-settings.ts';
import type { SendScheduler } from './send-scheduler.ts';
import type { StreamTable } from './stream-table.ts';

/** Whose promises they are. */
export interface SettingsOwner {
  readonly role: Http2Role;
  readonly limits: Http2Limits;
  readonly sending: SendScheduler;
  readonly streams: StreamTable;
}

export class SettingsExchange {
  readonly peer: PeerSettings;
  /** What we promise each stream; the protocol's default until the peer has acknowledged ours. */
  streamWindow = DEFAULT_WINDOW;
  readonly #owner: SettingsOwner;

  constructor(owner: SettingsOwner) {
    this.#owner = owner;
    this.peer = new PeerSettings(owner.role);
  }

  /** Sends the preface and ours. */
  introduce(): void {
    const { role, limits, sending } = this.#owner;
    const { maxConcurrentStreams, streamWindow, maxHeadBytes, connectionWindow } = limits;
    if (role === 'client') sending.output.preface();
    sending.output.settings([
      role === 'client' ? [setting.enablePush, 0] : [setting.maxConcurrentStreams, maxConcurrentStreams],
      [setting.initialWindowSize, streamWindow],
      [setting.maxHeaderListSize, maxHeadBytes],
      ...(limits.tableBytes === this.peer.headerTableSize
        ? []
        : [[setting.headerTableSize, limits.tableBytes] as const]),
      ...(role === 'server' && limits.extendedConnect ? [[setting.enableConnectProtocol, 1] as const] : []),
    ]);
    const more = connectionWindow - DEFAULT_WINDOW;
    if (more > 0) sending.output.windowUpdate(0, more);
  }

  /** Takes the peer's and acknowledges them. */
  read(payload: Buffer): void {
    const { limits, sending, streams } = this.#owner;
    const before = this.peer.initialWindow;
    this.peer.read(payload, limits.maxSettings);
    sending.encoder.limitTable(Math.min(this.peer.headerTableSize, limits.tableBytes));
    sending.output.settingsAck();
    const change = this.peer.initialWindow - before;
    for (const stream of change === 0 ? [] : streams.all()) {
      if (!stream.sender.credit(change)) throw new Http2Error('FLOW_CONTROL_ERROR', 'a window is too large');
    }
  }

  /** The peer knows ours. */
  acknowledged(): void {
    const { limits, streams } = this.#owner;
    if (this.streamWindow === limits.streamWindow) return;
    this.streamWindow = limits.streamWindow;
    for (const stream of streams.all()) stream.resizeWindow(limits.streamWindow);
  }
}
