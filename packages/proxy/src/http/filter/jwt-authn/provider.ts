// Turns a provider of tokens into what its tokens are tested for, and what of them is passed on.
import type {
  JwtProvider as ProviderConfig,
  RemoteJwks,
} from '@meltemi/api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import { durationToMs } from '@meltemi/base';
import { compileStringMatcher } from '@meltemi/decide';
import { readDataSource } from '../../../tls/data-source.ts';
import { FilterConfigError } from '../../http-config-error.ts';
import { type AudienceTest, audienceTest } from './audiences.ts';
import type { JwtStatus } from './jwt-status.ts';
import { type KeySet, readKeySet } from './key-set.ts';
import type { RemoteKeysConfig } from './remote-keys.ts';
import { type TokenPlace, tokenPlaces } from './token-places.ts';

export interface ProviderSettings {
  readonly name: string;
  /** Empty: any. */
  readonly issuer: string;
  readonly config: ProviderConfig;
  readonly places: readonly TokenPlace[];
  readonly isForUs: AudienceTest;
  readonly allowsSubject: (subject: string) => boolean;
  /** In seconds, and more than what is left of a token's; undefined: tokens need no end. */
  readonly maxLifetime: number | undefined;
  readonly clockSkew: number;
  /** `KeySet` or why there are none, for local ones. */
  readonly keys: { readonly local: KeySet | JwtStatus } | { readonly remote: RemoteKeysConfig };
  readonly payloadHeader: string;
  readonly claimHeaders: readonly { readonly header: string; readonly claim: string }[];
  /** Tokens whose signatures were found good and are remembered. */
  readonly cacheSize: number;
}

/** Throws FilterConfigError. */
export function providerSettings(name: string, config: ProviderConfig): ProviderSettings {
  const place = `jwt_authn: provider ${name}`;
  return {
    name,
    issuer: config.issuer,
    config,
    places: namedPlaces(config, place),
    isForUs: audienceTest(config.audiences),
    allowsSubject: config.subjects ? compileStringMatcher(config.subjects).test : () => true,
    maxLifetime: maxLifetime(config),
    clockSkew: config.clockSkewSeconds || 60,
    keys: keySource(config, place),
    payloadHeader: headerName(config.forwardPayloadHeader, `${place}: forward_payload_header`),
    claimHeaders: config.claimToHeaders.map(({ headerName: header, claimName }) => {
      if (header === '' || claimName === '') throw bad(`${place}: claim_to_headers needs header_name and claim_name`);
      return { header: headerName(header, `${place}: claim_to_headers`), claim: claimName };
    }),
    cacheSize: config.jwtCacheConfig?.jwtCacheSize || DEFAULT_CACHE_SIZE,
  };
}

const DEFAULT_CACHE_SIZE = 100;

function namedPlaces(config: ProviderConfig, place: string): readonly TokenPlace[] {
  for (const { name, valuePrefix } of config.fromHeaders) {
    if (headerName(name, `${place}: from_headers`) === '' || /[\r\n\0]/.test(valuePrefix)) {
      throw bad(`${place}: from_headers needs a name`);
    }
  }
  return tokenPlaces([config]);
}

function maxLifetime({ maxLifetime: longest, requireExpiration }: ProviderConfig): number | undefined {
  if (longest) return durationToMs(longest) / 1000;
  return requireExpiration ? Number.POSITIVE_INFINITY : undefined;
}

function keySource({ jwksSourceSpecifier: source }: ProviderConfig, place: string): ProviderSettings['keys'] {
  switch (source.case) {
    case 'localJwks': {
      const text = readDataSource(source.value);
      if (text === undefined) throw bad(`${place}: local_jwks is empty`);
      return { local: readKeySet(text) };
    }
    case 'remoteJwks':
      return { remote: remoteKeys(source.value, place) };
    default:
      throw bad(`${place}: it has neither local_jwks nor remote_jwks`);
  }
}

function remoteKeys({ httpUri, cacheDuration, asyncFetch, retryPolicy }: RemoteJwks, place: string): RemoteKeysConfig {
  const cluster = httpUri?.httpUpstreamType.value ?? '';
  const uri = URL.parse(httpUri?.uri ?? '');
  if (!httpUri || cluster === '' || !uri || !/^https?:$/.test(uri.protocol)) {
    throw bad(`${place}: remote_jwks has no http_uri with a URI and a cluster`);
  }
  if (!httpUri.timeout) throw bad(`${place}: http_uri has no timeout`);
  const backOff = retryPolicy?.retryBackOff;
  const baseIntervalMs = backOff?.baseInterval ? durationToMs(backOff.baseInterval) : 1000;
  return {
    cluster,
    authority: uri.host,
    target: uri.pathname + uri.search,
    timeoutMs: durationToMs(httpUri.timeout),
    cacheMs: cacheDuration ? durationToMs(cacheDuration) : 600_000,
    background: asyncFetch && {
      fastListener: asyncFetch.fastListener,
      failedRefetchMs: asyncFetch.failedRefetchDuration ? durationToMs(asyncFetch.failedRefetchDuration) : 1000,
    },
    retries: retryPolicy ? (retryPolicy.numRetries ?? 1) : 0,
    baseIntervalMs,
    maxIntervalMs: backOff?.maxInterval ? durationToMs(backOff.maxInterval) : 10 * baseIntervalMs,
  };
}

/** In lower case. */
function headerName(name: string, place: string): string {
  if (name !== '' && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw bad(`${place}: "${name}" is no header`);
  return name.toLowerCase();
}

function bad(what: string): FilterConfigError {
  return new FilterConfigError('BAD_FILTER', what);
}
