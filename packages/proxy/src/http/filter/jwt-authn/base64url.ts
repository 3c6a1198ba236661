// Reads base64url as RFC 7515 writes it: its own alphabet, no padding, no spare bits. What is read has one spelling.
// https://www.rfc-editor.org/rfc/rfc7515#section-2

const TEXT = /^[A-Za-z0-9_-]*$/;

/** Undefined: it is not so written. */
export function decodeBase64Url(text: string): Buffer | undefined {
  if (text.length % 4 === 1 || !TEXT.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return text.length % 4 === 0 || bytes.toString('base64url') === text ? bytes : undefined;
}
