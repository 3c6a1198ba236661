// Turns PEM text (RFC 7468) into the bytes of its blocks of one label.

/** In order; text between blocks is left out. */
export function derBlocks(pem: string, label: string): Buffer[] {
  const blocks = pem.matchAll(new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`, 'g'));
  return Array.from(blocks, ([, text]) => Buffer.from(text!, 'base64'));
}
