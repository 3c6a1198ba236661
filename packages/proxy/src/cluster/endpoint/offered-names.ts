// What a connection is to speak → the names that its TLS offers by ALPN, and what the peer's choice among them means.
import { MULTIPLEXED } from '../../tls/multiplexed-protocol.ts';
import type { OfferedProtocols } from '../cluster.ts';

/**
 * either: HTTP/2 or HTTP/1.1, as the peer chooses. multiplexed: HTTP/1.1, or with a sidecar of our kind its requests as
 * streams of HTTP/2. bytes: whatever passes through.
 */
export type SpokenProtocol = 'http1' | 'http2' | 'either' | 'multiplexed' | 'bytes';

/** `configured`: of the cluster. `offered`: in their place. */
export function offeredNames(
  protocol: SpokenProtocol,
  configured: readonly string[],
  offered: OfferedProtocols | undefined,
): readonly string[] {
  switch (protocol) {
    case 'bytes':
    case 'http1':
      // Where HTTP/1.1 is spoken, offering h2 would let the server choose it.
      return orElse(offered?.http1, () => configured.filter((name) => name !== 'h2'));
    case 'http2':
      return orElse(offered?.http2, () => orElse(configured, () => ['h2']));
    case 'either':
      return orElse([...(offered?.http2 ?? []), ...(offered?.http1 ?? [])], () =>
        orElse(configured, () => ['h2', 'http/1.1']),
      );
    case 'multiplexed':
      // Some servers refuse a client that offers only what they do not know.
      return [MULTIPLEXED, ...orElse(offeredNames('http1', configured, offered), () => ['http/1.1'])];
  }
}

/** `alpn`: what the peer chose; undefined: nothing. */
export function choseHttp2(protocol: SpokenProtocol, alpn: string | undefined): boolean {
  return alpn === (protocol === 'multiplexed' ? MULTIPLEXED : 'h2');
}

function orElse(names: readonly string[] | undefined, otherwise: () => readonly string[]): readonly string[] {
  return names && names.length > 0 ? names : otherwise();
}
