// Collects what access logs and header values may say of a connection, once.
import { formatSocketAddress } from '@meltemi/base';
import { NO_PEER, type PeerNames } from '@meltemi/decide';
import type { Transport } from '@meltemi/wire';
import { tlsFacts } from '../accesslog/certificate-facts.ts';
import { peerIdentity } from '../tls/peer-identity.ts';
import { subjectText } from './client-cert-header.ts';
import type { ConnectionEntry } from './stream-entry.ts';

/** Envoy, too, counts the connections of a process from 0. */
let nextId = 0;

/** `localUris`: URI names of our own certificate. */
export function connectionEntry(
  transport: Transport,
  filterChainName: string,
  localUris: readonly string[] = [],
): ConnectionEntry {
  const { tls, localAddress, remoteAddress } = transport;
  const peer = tls && (tls.peerCertificate ? peerNames(tls.peerCertificate) : NO_PEER);
  return {
    local: localAddress,
    originalDestination: transport.localAddressRestored ? localAddress : undefined,
    remote: remoteAddress,
    localAddress: formatSocketAddress(localAddress),
    remoteAddress: formatSocketAddress(remoteAddress),
    filterChainName,
    id: nextId++,
    serverName: tls?.sni ?? transport.requestedServerName,
    tls: tls && tlsFacts(tls, localUris),
    direct: transport.directRemoteAddress,
    directRemoteAddress: formatSocketAddress(transport.directRemoteAddress),
    peer,
  };
}

function peerNames(der: Buffer): PeerNames {
  const { names, subject } = peerIdentity(der);
  return { uris: names.uris, dns: names.dns, subject: subjectText(subject) };
}
