// Says how sessions are resumed: by tickets under a key that only this proxy knows, or that configuration gives.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls.proto
import { constants, createHash } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { DownstreamTlsContext } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { durationToMs } from '@meltemi/base';
import { readDataSource } from '../tls/data-source.ts';
import { TlsConfigError } from '../tls/tls-config-error.ts';

/** Envoy wants keys of so many bytes. */
const KEY_BYTES = 80;
/** Node's tickets: 16 bytes for the name, 16 for the MAC, 16 for AES. */
const TICKET_KEY_BYTES = 48;

export interface SessionTickets {
  readonly options: SecureContextOptions;
  /** A key of our own is given up after so long. */
  readonly keyLifeMs: number;
}

/** Throws TlsConfigError for keys that can't be honoured. */
export function sessionTickets(context: DownstreamTlsContext): SessionTickets {
  const type = context.sessionTicketKeysType;
  const timeout = context.sessionTimeout && Math.ceil(durationToMs(context.sessionTimeout) / 1000);
  const shared = timeout === undefined ? {} : { sessionTimeout: timeout };
  switch (type.case) {
    case undefined:
      return { options: shared, keyLifeMs: 3_600_000 };
    case 'sessionTicketKeys': {
      const ticketKeys = ticketKey(type.value.keys[0] && readBytes(type.value.keys[0]));
      return { options: { ...shared, ticketKeys }, keyLifeMs: Number.POSITIVE_INFINITY };
    }
    case 'disableStatelessSessionResumption': {
      const options = type.value ? { secureOptions: constants.SSL_OP_NO_TICKET } : {};
      return { options: { ...shared, ...options }, keyLifeMs: Number.POSITIVE_INFINITY };
    }
    case 'sessionTicketKeysSdsSecretConfig':
      throw new TlsConfigError('UNSUPPORTED_TLS_FIELD', 'session_ticket_keys_sds_secret_config is not supported');
  }
}

type KeySource = Parameters<typeof readDataSource>[0];

function readBytes(source: NonNullable<KeySource>): Buffer {
  if (source.specifier.case === 'inlineBytes') return Buffer.from(source.specifier.value);
  return Buffer.from(readDataSource(source) ?? '', 'latin1');
}

/** Proxies that share a key resume each other's sessions. */
function ticketKey(key: Buffer | undefined): Buffer {
  if (key?.length !== KEY_BYTES) throw new TlsConfigError('BAD_SECRET', `session ticket keys have ${KEY_BYTES} bytes`);
  return createHash('sha512').update(key).digest().subarray(0, TICKET_KEY_BYTES);
}
