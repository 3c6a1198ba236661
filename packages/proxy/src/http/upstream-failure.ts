// Turns the ways in which an upstream fails into what the client is told and what the access log says, in Envoy's words.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#config-access-log-format-response-flags
import type { ResetReason } from '../cluster/cluster.ts';
import type { HostBinding } from './host-binding.ts';
import type { LocalReply } from './local-reply.ts';

export const NO_HEALTHY_UPSTREAM: LocalReply = {
  status: 503,
  body: 'no healthy upstream',
  flag: 'UH',
  details: 'no_healthy_upstream',
};

/** A session that no other host may serve says itself how it fails. */
export function noHostReply(binding: HostBinding | undefined): LocalReply {
  return binding?.strict ? { ...NO_HEALTHY_UPSTREAM, status: binding.missingStatus } : NO_HEALTHY_UPSTREAM;
}

export const UPSTREAM_TIMEOUT: LocalReply = {
  status: 504,
  body: 'upstream request timeout',
  flag: 'UT',
  details: 'response_timeout',
};

export const PER_TRY_TIMEOUT: LocalReply = { ...UPSTREAM_TIMEOUT, details: 'upstream_per_try_timeout' };

export const PER_TRY_IDLE: LocalReply = { ...UPSTREAM_TIMEOUT, details: 'upstream_per_try_idle_timeout' };

/** It lasted longer than its cluster allows. */
export const UPSTREAM_TOO_LONG: LocalReply = {
  status: 504,
  body: 'upstream max stream duration reached',
  flag: 'UMSDR',
  details: 'upstream_max_stream_duration_reached',
};

/** The stream has lasted too long, whatever it did. */
export const STREAM_TOO_LONG: LocalReply = {
  status: 504,
  body: 'downstream duration timeout',
  flag: 'DT',
  details: 'max_duration_timeout',
};

interface ResetWords {
  readonly text: string;
  readonly flag: string;
}

const WORDS: Readonly<Record<ResetReason, ResetWords>> = {
  'connect-failure': { text: 'remote connection failure', flag: 'UF' },
  'connect-timeout': { text: 'connection timeout', flag: 'UF' },
  'tls-failure': { text: 'remote connection failure', flag: 'UF' },
  'connection-termination': { text: 'connection termination', flag: 'UC' },
  reset: { text: 'remote reset', flag: 'UR' },
  refused: { text: 'remote refused stream reset', flag: 'UR' },
  'protocol-error': { text: 'protocol error', flag: 'UPE' },
  overflow: { text: 'overflow', flag: 'UO' },
};

/** The answer when no response head came. `detail`, of failures of the connection, is for the log alone. */
export function upstreamFailure(reason: ResetReason, detail: string, retried: boolean): LocalReply {
  const { text, flag } = WORDS[reason];
  const latest = retried ? 'retried and the latest ' : '';
  const cause = flag === 'UF' && detail !== '' ? `${text}|${printable(detail)}` : text;
  return {
    status: reason === 'protocol-error' ? 502 : 503,
    body: `upstream connect error or disconnect/reset before headers. ${latest}reset reason: ${text}`,
    flag,
    details: detailsOf('upstream_reset_before_response_started', cause),
  };
}

/** What the access log says of a response that was cut short. */
export function cutShortDetails(reason: ResetReason): { readonly flag: string; readonly details: string } {
  return { flag: WORDS[reason].flag, details: detailsOf('upstream_reset_after_response_started', WORDS[reason].text) };
}

function detailsOf(what: string, reason: string): string {
  return `${what}{${reason.replaceAll(' ', '_')}}`;
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 256);
}
