// For tests: a call to a proxy, what it meets, and what the proxy has.
import type { JsonObject } from '@bufbuild/protobuf';

export interface Call {
  readonly address?: string;
  readonly port: number;
  readonly protocol?: 'http' | 'http2' | 'tcp';
  readonly tls?: 'plaintext' | 'tls' | 'mtls';
  readonly hostHeader?: string;
  readonly path?: string;
  readonly sni?: string;
  readonly alpn?: string;
  readonly callMode?: 'inbound' | 'outbound' | 'gateway';
  readonly mtlsSecretConfigName?: string;
}

/** What a call met; what it did not is empty. */
export interface Met {
  readonly error: string;
  readonly listenerMatched: string;
  readonly filterChainMatched: string;
  readonly routeConfigMatched: string;
  readonly virtualHostMatched: string;
  readonly routeMatched: string;
  readonly clusterMatched: string;
}

/** What a proxy has, as JSON of xDS. */
export interface ProxyConfig {
  readonly listeners: readonly JsonObject[];
  readonly routes: readonly JsonObject[];
}
