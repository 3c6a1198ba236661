// Collects what access logs and header values may say of a connection, once.
import { X509Certificate } from 'node:crypto';
import { formatSocketAddress } from '@meltemi/base';
import { NO_PEER, type PeerNames } from '@meltemi/decide';
import type { Transport } from '@meltemi/wire';
import { certificateNames } from '../tls/certificate-names.ts';
import { subjectText } from './client-cert-header.ts';
import type { ConnectionEntry } from './stream-entry.ts';

export function connectionEntry(transport: Transport, filterChainName: string): ConnectionEntry {
  const { tls, localAddress, remoteAddress } = transport;
  const certificate = tls?.peerCertificate && new X509Certificate(tls.peerCertificate);
  const peer = tls && (certificate ? peerNames(certificate) : NO_PEER);
  return {
    local: localAddress,
    remote: remoteAddress,
    localAddress: formatSocketAddress(localAddress),
    remoteAddress: formatSocketAddress(remoteAddress),
    filterChainName,
    serverName: tls?.sni,
    tlsVersion: tls?.version,
    peerUriSan: certificate && peer?.uris.join(','),
    peerSubject: certificate?.subject?.replaceAll('\n', ','),
    peer,
  };
}

function peerNames(certificate: X509Certificate): PeerNames {
  const { uris, dns } = certificateNames(certificate.raw);
  return { uris, dns, subject: subjectText(certificate.subject) };
}
