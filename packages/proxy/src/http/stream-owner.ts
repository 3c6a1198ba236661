// What a stream sees of the connection that it answers on.
import type { RequestHead } from '@meltemi/wire';
import type { HttpSite } from './http-site.ts';
import type { ClientFacts } from './request-headers.ts';
import type { ResponseOutput } from './response-output.ts';
import type { ConnectionEntry } from './stream-entry.ts';

export interface StreamOwner {
  readonly site: HttpSite;
  readonly client: ClientFacts;
  readonly entry: ConnectionEntry;
  readonly writer: ResponseOutput;
  /** Something moved: the stream's idle timeout starts over. `now`: monotonic milliseconds, here as below. */
  touch(now: number): void;
  pauseRequest(): void;
  resumeRequest(): void;
  /** Whether the connection stays after the response whose head is about to be written; the answer binds. */
  keepsAlive(head: RequestHead, requestComplete: boolean, now: number): boolean;
  /** From now on bytes go both ways, as they are. */
  startTunnel(): void;
  /** Closes in a way that the client can't take for the end of its response. */
  abort(endsWithConnection: boolean): void;
  /** The stream's response is out, or given up. */
  streamEnded(now: number): void;
}
