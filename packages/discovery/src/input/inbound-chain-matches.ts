// Which connections an inbound port takes, and whether mutual TLS ends there: by its mode and by what it speaks.
import { ANY_CONNECTION, type ChainMatchInput } from './listener-input.ts';
import type { MutualTlsMode } from './mutual-tls-modes.ts';

/** What a port speaks; `detected`: a look at each connection says. */
export type Speech = 'http' | 'tcp' | 'detected';

export interface InboundChainMatch {
  readonly match: ChainMatchInput;
  readonly mutualTls: boolean;
  readonly http: boolean;
}

/** What the clients of the mesh offer in their hello, where they speak HTTP and where not. */
const MESH_HTTP = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const MESH_TCP = ['istio', 'istio-peer-exchange'];
/** How the HTTP inspector names what it saw in plaintext. */
export const PLAIN_HTTP = ['http/1.1', 'h2c'];

// A proxy eliminates by one criterion after the other and never goes back, so where one chain asks for
// a transport, those beside it must too.
const overTls = (applicationProtocols: readonly string[] = []): ChainMatchInput => ({
  ...ANY_CONNECTION,
  transport: 'tls',
  applicationProtocols,
});
const plaintext = (applicationProtocols: readonly string[] = []): ChainMatchInput => ({
  ...ANY_CONNECTION,
  transport: 'plaintext',
  applicationProtocols,
});

const STRICT: Readonly<Record<Speech, readonly InboundChainMatch[]>> = {
  http: [{ match: overTls(), mutualTls: true, http: true }],
  tcp: [{ match: overTls(), mutualTls: true, http: false }],
  detected: [
    { match: overTls(MESH_HTTP), mutualTls: true, http: true },
    { match: overTls(), mutualTls: true, http: false },
  ],
};

/** TLS that is not of the mesh goes on to the application as it is. */
const PERMISSIVE: Readonly<Record<Speech, readonly InboundChainMatch[]>> = {
  http: [
    { match: overTls([...MESH_TCP, ...MESH_HTTP]), mutualTls: true, http: true },
    { match: plaintext(), mutualTls: false, http: true },
  ],
  tcp: [
    { match: overTls([...MESH_TCP, ...MESH_HTTP]), mutualTls: true, http: false },
    { match: overTls(), mutualTls: false, http: false },
    { match: plaintext(), mutualTls: false, http: false },
  ],
  detected: [
    { match: overTls(MESH_HTTP), mutualTls: true, http: true },
    { match: plaintext(PLAIN_HTTP), mutualTls: false, http: true },
    { match: overTls(MESH_TCP), mutualTls: true, http: false },
    { match: overTls(), mutualTls: false, http: false },
    { match: plaintext(), mutualTls: false, http: false },
  ],
};

const DISABLE: Readonly<Record<Speech, readonly InboundChainMatch[]>> = {
  http: [{ match: ANY_CONNECTION, mutualTls: false, http: true }],
  tcp: [{ match: ANY_CONNECTION, mutualTls: false, http: false }],
  detected: [
    { match: plaintext(PLAIN_HTTP), mutualTls: false, http: true },
    { match: overTls(), mutualTls: false, http: false },
    { match: plaintext(), mutualTls: false, http: false },
  ],
};

export function inboundChainMatches(mode: MutualTlsMode, speech: Speech): readonly InboundChainMatch[] {
  return { STRICT, PERMISSIVE, DISABLE }[mode][speech];
}
