// What OpenSSL or the socket says of a handshake → the error that its owner is told.
import { TransportError } from './transport-error.ts';

const refusals =
  /^(?:UNABLE_TO|CERT_|DEPTH_ZERO|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT|CRL_)/;
const missing = /PEER_DID_NOT_RETURN/;

export function handshakeError(cause: Error): TransportError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (missing.test(code)) return new TransportError('TLS_NO_PEER_CERTIFICATE', 'the client sent no certificate', cause);
  return new TransportError(
    refusals.test(code) ? 'TLS_PEER_REFUSED' : 'TLS_FAILED',
    `TLS handshake: ${cause.message}`,
    cause,
  );
}
