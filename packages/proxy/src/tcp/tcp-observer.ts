// Who hears of connections that carry bytes as they are.
import type { Transport } from '@meltemi/wire';
import type { TcpEntry } from './tcp-entry.ts';

export interface TcpObserver {
  /** It is connected to an upstream, or it ends without one. */
  opened(transport: Transport, entry: TcpEntry): void;
  /** After `opened`; the entry is complete. */
  closed(transport: Transport, entry: TcpEntry): void;
}
