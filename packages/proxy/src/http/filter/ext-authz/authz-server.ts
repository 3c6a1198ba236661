// How a request is put before an authorization server, in whichever protocol.
import type { HttpFilterParts } from '../filter-type.ts';
import type { RunningCall } from '../../../call/http-call.ts';
import type { StreamEntry } from '../../stream-entry.ts';
import type { AuthzSettings } from './authz-settings.ts';
import type { AuthzVerdict } from './authz-verdict.ts';
import type { ShownBody } from './check-request.ts';

/** What is asked about. */
export interface AuthzQuestion {
  readonly entry: StreamEntry;
  readonly settings: AuthzSettings;
  readonly contextExtensions: Readonly<Record<string, string>>;
  /** Undefined: the server does not see it. */
  readonly body: ShownBody | undefined;
}

export interface AuthzServer {
  /** Calls `done` once, in a later turn, unless the call is cancelled. */
  ask(
    question: AuthzQuestion,
    parts: Pick<HttpFilterParts, 'clusters' | 'clock'>,
    done: (verdict: AuthzVerdict) => void,
  ): RunningCall;
}
