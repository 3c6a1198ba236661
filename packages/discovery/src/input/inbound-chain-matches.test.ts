// Whatever a client says, at most one chain takes it, and one in plaintext never meets mutual TLS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseChain } from '../simulation/choose-chain.test-support.ts';
import { type InboundChainMatch, inboundChainMatches, type Speech } from './inbound-chain-matches.ts';
import type { MutualTlsMode } from './mutual-tls-modes.ts';

const MODES: readonly MutualTlsMode[] = ['DISABLE', 'PERMISSIVE', 'STRICT'];
const SPEECHES: readonly Speech[] = ['http', 'tcp', 'detected'];
const ALPN = ['', 'http/1.1', 'h2', 'h2c', 'istio', 'istio-h2', 'istio-http/1.1', 'unheard-of'];

test('at most one chain takes a connection', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MODES),
      fc.constantFrom(...SPEECHES),
      fc.constantFrom('tls' as const, 'raw_buffer' as const),
      fc.constantFrom(...ALPN),
      (mode, speech, transport, alpn) => {
        const chains = inboundChainMatches(mode, speech).map(chainOf);
        const met = chooseChain({ filterChains: chains }, { port: 80 }, { transport, serverName: '', alpn });
        const closed =
          mode === 'STRICT'
            ? transport === 'raw_buffer'
            : mode === 'PERMISSIVE' && isForeignTls(speech, transport, alpn);
        if (typeof met === 'string') return assert.deepEqual([met, closed], ['no filter chains matched', true]);
        assert.ok(!closed);
        const mutualTls = met.name === 'mutual';
        assert.ok(!(mutualTls && (mode === 'DISABLE' || transport === 'raw_buffer')));
        assert.ok(mutualTls || mode !== 'STRICT');
      },
    ),
  );
});

/** TLS that is not of the mesh cannot be routed as HTTP. */
function isForeignTls(speech: Speech, transport: string, alpn: string): boolean {
  return speech === 'http' && transport === 'tls' && !alpn.startsWith('istio');
}

function chainOf({ match, mutualTls }: InboundChainMatch) {
  const { transport, applicationProtocols } = match;
  return {
    name: mutualTls ? 'mutual' : 'plain',
    filters: [],
    filterChainMatch: {
      ...(transport && { transportProtocol: transport === 'tls' ? 'tls' : 'raw_buffer' }),
      ...(applicationProtocols.length > 0 && { applicationProtocols: [...applicationProtocols] }),
    },
  };
}
