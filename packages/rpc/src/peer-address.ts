// Where a request of HTTP comes from.
import type { Context } from 'hono';

/** The peer's IP address; undefined for a request that came by no connection. */
export function peerAddress(context: Context): string | undefined {
  const { incoming } = (context.env ?? {}) as {
    readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  };
  return incoming?.socket?.remoteAddress;
}
