// Is this text an authority: `host`, `host:port`, `[v6]:port` (RFC 3986 §3.2 without user information)?

const hostOctet = /[!$&'()*+,;=\w.~%-]/;
const inHost = Uint8Array.from({ length: 128 }, (_, code) => Number(hostOctet.test(String.fromCharCode(code))));
const literal = /^\[[0-9A-Fa-f:.]{2,45}\](?::\d{0,5})?$/;
const port = /^\d{0,5}$/;

/** True for what a host field or a URI may name as its authority; the empty text is none. */
export function isAuthority(text: string): boolean {
  const end = endOfHost(text);
  if (end === text.length) return end > 0;
  if (text.charCodeAt(0) === 91 /* [ */) return literal.test(text);
  return end > 0 && text.charCodeAt(end) === 58 /* : */ && port.test(text.slice(end + 1));
}

/** True for `host:port` with a port, as CONNECT names it. */
export function isHostAndPort(text: string): boolean {
  return isAuthority(text) && /:\d+$/.test(text) && !text.endsWith(']');
}

function endOfHost(text: string): number {
  let i = 0;
  while (i < text.length && inHost[text.charCodeAt(i)] === 1) i++;
  return i;
}
