// Turns a verified client certificate into its entry of `x-forwarded-client-cert`, and the header as the settings want it.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert
import { X509Certificate } from 'node:crypto';
import type { Headers } from '@meltemi/wire';
import { peerIdentity } from '../tls/peer-identity.ts';
import type { ClientCertSettings } from './http-settings.ts';

const HEADER = 'x-forwarded-client-cert';

/** `By=…;Hash=…;Subject="…";URI=…`; made once a connection. `localUris`: URI names of our own certificate. */
export function clientCertEntry(der: Buffer, localUris: readonly string[], settings: ClientCertSettings): string {
  const { names, subject, sha256 } = peerIdentity(der);
  const parts = localUris.map((uri) => `By=${uri}`);
  parts.push(`Hash=${sha256}`);
  if (settings.cert) parts.push(`Cert="${encodeURIComponent(new X509Certificate(der).toString())}"`);
  if (settings.subject) parts.push(`Subject="${subjectText(subject)}"`);
  if (settings.uri) parts.push(...(names.uris.length ? names.uris.map((uri) => `URI=${uri}`) : ['URI=']));
  if (settings.dns) parts.push(...names.dns.map((name) => `DNS=${name}`));
  return parts.join(';');
}

/** Changes the header in place. Only a client with a certificate may say who came before it. */
export function forwardClientCert(
  headers: Headers,
  entry: string | undefined,
  mode: ClientCertSettings['mode'],
  secure: boolean,
): void {
  if (mode === 'always-forward-only') return;
  if (mode === 'sanitize' || !secure || entry === undefined) return headers.remove(HEADER);
  if (mode === 'forward-only') return;
  const before = mode === 'append-forward' ? headers.get(HEADER) : undefined;
  headers.set(HEADER, before ? `${before},${entry}` : entry);
}

/** RFC 2253 has the most specific part first; Node gives one part a line, the least specific first. */
export function subjectText(subject: string | undefined): string {
  const parts = (subject ?? '').split('\n').filter(Boolean).reverse();
  return parts
    .join(',')
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll(/[^\t\x20-\x7e]/g, '?');
}
