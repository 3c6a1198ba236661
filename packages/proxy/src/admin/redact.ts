// Takes private keys and passwords out of configuration that is shown.
import type { JsonValue } from '@bufbuild/protobuf';

/** Envoy's word, as the bytes that a DataSource holds. */
const REDACTED = Buffer.from('[redacted]').toString('base64');

/** Fields that hold secrets, wherever they stand, by their names in xDS. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'private_key',
  'private_key_provider',
  'password',
  'pkcs12',
  'session_ticket_keys',
  'generic_secret',
  'access_token',
  'token_secret',
  'hmac_secret',
]);

/** A copy in which no value below a secret field is left; names of files stay, since they help and give nothing away. */
export function redact(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, SECRET_FIELDS.has(key) ? blank(member) : redact(member)]),
  );
}

/** Keeps the shape: who reads it still sees where the value comes from. */
function blank(value: JsonValue, field = ''): JsonValue {
  if (Array.isArray(value)) return value.map((item) => blank(item, field));
  if (typeof value !== 'object' || value === null) {
    if (field === 'filename' || field === 'path') return value;
    return field === 'inline_bytes' ? REDACTED : '[redacted]';
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, blank(member, key)]));
}
