// Turns the error that ended a connection attempt into the reason and words of Envoy.
import { TransportError } from '@meltemi/wire';
import type { ResetReason } from '../cluster.ts';

export interface ConnectFailure {
  readonly reason: Extract<ResetReason, 'connect-failure' | 'connect-timeout' | 'tls-failure'>;
  readonly detail: string;
  /** The peer's certificate was not accepted. */
  readonly peerRefused?: boolean;
}

/** What strerror says, as Envoy shows it. */
const ERRNO_TEXT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ETIMEDOUT: 'Connection timed out',
  ENOENT: 'No such file or directory',
  EADDRNOTAVAIL: 'Cannot assign requested address',
};

export function connectFailure(error: Error | undefined): ConnectFailure {
  if (error instanceof TransportError) {
    if (error.code === 'TLS_PEER_REFUSED') {
      return { reason: 'tls-failure', detail: `TLS_error: ${error.message}`, peerRefused: true };
    }
    if (error.code === 'TLS_FAILED') return { reason: 'tls-failure', detail: `TLS_error: ${error.message}` };
  }
  return { reason: 'connect-failure', detail: `delayed connect error: ${errnoText(error)}` };
}

function errnoText(error: Error | undefined): string {
  const code = errnoOf(error) ?? errnoOf(error?.cause);
  return (code && ERRNO_TEXT[code]) ?? error?.message ?? 'closed by the peer';
}

function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && code in ERRNO_TEXT ? code : undefined;
}
