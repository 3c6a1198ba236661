// Collects what access logs and header values may say of a connection, once.
import { X509Certificate } from 'node:crypto';
import { formatSocketAddress } from '@meltemi/base';
import type { Transport } from '@meltemi/wire';
import { uriSans } from '../tls/peer-certificate.ts';
import type { ConnectionEntry } from './stream-entry.ts';

export function connectionEntry(transport: Transport, filterChainName: string): ConnectionEntry {
  const { tls, localAddress, remoteAddress } = transport;
  return {
    local: localAddress,
    remote: remoteAddress,
    localAddress: formatSocketAddress(localAddress),
    remoteAddress: formatSocketAddress(remoteAddress),
    filterChainName,
    serverName: tls?.sni,
    tlsVersion: tls?.version,
    peerUriSan: tls?.peerCertificate && uriSans(tls.peerCertificate).join(','),
    peerSubject: tls?.peerCertificate && new X509Certificate(tls.peerCertificate).subject?.replaceAll('\n', ','),
  };
}
