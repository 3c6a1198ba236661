// Secrets → `proxy-config secret`'s rows: what certificates a proxy holds, and for how long.
import { X509Certificate } from 'node:crypto';
import type { SecretEntry } from '../config-dump.ts';
import type { SecretJson } from '../proxy-json.ts';

/** `now` in epoch milliseconds. */
export function secretTable(secrets: readonly SecretEntry[], now: number): readonly (readonly string[])[] {
  const head = ['RESOURCE NAME', 'TYPE', 'STATUS', 'VALID CERT', 'SERIAL NUMBER', 'NOT AFTER', 'NOT BEFORE'];
  return [head, ...secrets.map((entry) => secretRow(entry, now))];
}

function secretRow({ name, state, secret }: SecretEntry, now: number): readonly string[] {
  const type = secret.validation_context ? 'CA' : 'Cert Chain';
  const certificate = certificateOf(secret);
  if (!certificate) return [name, type, state, 'false', '', '', ''];
  const [begins, ends] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const valid = String(begins <= now && now <= ends);
  return [name, type, state, valid, certificate.serialNumber.toLowerCase(), isoSeconds(ends), isoSeconds(begins)];
}

/** The first of a chain; undefined where there is none, or no certificate. */
function certificateOf({
  tls_certificate: pair,
  validation_context: validation,
}: SecretJson): X509Certificate | undefined {
  const data = pair?.certificate_chain ?? validation?.trusted_ca;
  const pem = data?.inline_string ?? Buffer.from(data?.inline_bytes ?? '', 'base64').toString('latin1');
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const isoSeconds = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
