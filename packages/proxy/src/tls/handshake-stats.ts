// Counts handshakes by their outcome, by Envoy's names: `ssl.handshake`, `ssl.fail_verify_san`, `ssl.versions.TLSv1.3` …
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/stats#tls-statistics
import type { StatsScope } from '@meltemi/telemetry';
import type { TlsInfo } from '@meltemi/wire';
import type { RefusalKind } from './peer-certificate.ts';

/** Why a peer's certificate was refused; `chain`: it does not lead to the roots. */
export type PeerRefusal = RefusalKind | 'chain' | 'missing';

export interface HandshakeStats {
  succeeded(info: TlsInfo): void;
  /** Undefined: it failed for another reason than the peer's certificate. */
  failed(refusal: PeerRefusal | undefined): void;
}

export function handshakeStats(scope: StatsScope): HandshakeStats {
  const counter = (name: string) => scope.counter(`ssl.${name}`);
  const handshake = counter('handshake');
  const reused = counter('session_reused');
  const noCertificate = counter('no_certificate');
  const connectionError = counter('connection_error');
  const failures = {
    missing: counter('fail_verify_no_cert'),
    chain: counter('fail_verify_error'),
    san: counter('fail_verify_san'),
    hash: counter('fail_verify_cert_hash'),
  };
  return {
    succeeded(info) {
      handshake.increment();
      if (info.resumed) reused.increment();
      if (!info.peerCertificate) noCertificate.increment();
      counter(`versions.${info.version}`).increment();
      counter(`ciphers.${info.cipher}`).increment();
    },
    failed(refusal) {
      (refusal ? failures[refusal] : connectionError).increment();
    },
  };
}
