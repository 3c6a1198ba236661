// Verifies the tokens of one request, as often as its requirements ask, and collects what is to be said of it.
import type { JsonObject } from '@bufbuild/protobuf';
import type { StreamEntry } from '../../stream-entry.ts';
import type { AudienceTest } from './audiences.ts';
import { metadataOf, passOn } from './claims-output.ts';
import { type Jwt, parseJwt } from './jwt.ts';
import type { JwtProvider } from './jwt-provider.ts';
import type { JwtStats } from './jwt-stats.ts';
import { JWT_STATUS, type JwtStatus } from './jwt-status.ts';
import type { Providers } from './providers.ts';
import { allowsIssuer, findTokens, type FoundToken, type TokenPlace } from './token-places.ts';

/** What is looked for. */
export interface TokenSearch {
  readonly places: readonly TokenPlace[];
  /** Undefined: the one that a token's issuer leads to. */
  readonly provider: JwtProvider | undefined;
  /** Instead of the provider's. */
  readonly isForUs: AudienceTest | undefined;
}

export class Verification {
  readonly entry: StreamEntry;
  readonly #providers: Providers;
  readonly #stats: JwtStats;
  /** For the filters that follow. */
  metadata: JsonObject | undefined;
  /** The route is to be decided anew. */
  clearsRoute = false;

  constructor(entry: StreamEntry, providers: Providers, stats: JwtStats) {
    this.entry = entry;
    this.#providers = providers;
    this.#stats = stats;
  }

  /** Every token that is there has to be good: another one might be the one that the upstream believes. */
  verifyAll(search: TokenSearch): JwtStatus {
    const tokens = findTokens(search.places, this.entry);
    if (tokens.length === 0) return this.#failed(JWT_STATUS.missed, search.provider);
    for (const found of tokens.toReversed()) {
      const status = this.#verify(found, search);
      if (status !== JWT_STATUS.ok) return status;
    }
    return JWT_STATUS.ok;
  }

  /** For who lets pass whatever comes: the good ones are passed on. */
  tryAll(search: TokenSearch): void {
    const tokens = findTokens(search.places, this.entry);
    if (tokens.length === 0) this.#failed(JWT_STATUS.missed, search.provider);
    for (const found of tokens.toReversed()) this.#verify(found, search);
  }

  #verify({ token, place }: FoundToken, search: TokenSearch): JwtStatus {
    const remembered = this.#recall(token, search.provider);
    const jwt = remembered ?? parseJwt(token);
    if ('code' in jwt) return this.#failed(jwt, search.provider);
    if (!allowsIssuer(place, jwt.issuer)) return this.#failed(JWT_STATUS.unknownIssuer, search.provider);
    const provider = search.provider ?? this.#providers.ofIssuer(jwt.issuer);
    if (!provider) return this.#failed(JWT_STATUS.unknownIssuer, undefined);
    const claims = provider.checkClaims(jwt, search.isForUs);
    if (claims !== JWT_STATUS.ok) return this.#failed(claims, provider);
    const signature = remembered ? JWT_STATUS.ok : provider.checkSignature(jwt, token);
    if (signature !== JWT_STATUS.ok) return this.#failed(signature, provider);
    this.#passOn(jwt, place, provider);
    return JWT_STATUS.ok;
  }

  #recall(token: string, provider: JwtProvider | undefined): Jwt | undefined {
    const remembered = provider?.recall(token);
    if (provider) {
      const isCounted = remembered && provider.settings.config.jwtCacheConfig;
      (isCounted ? this.#stats.cacheHit : this.#stats.cacheMiss).increment();
    }
    return remembered;
  }

  #passOn(jwt: Jwt, place: TokenPlace, { settings }: JwtProvider): void {
    if (passOn(jwt, place, settings, this.entry)) this.clearsRoute = true;
    const metadata = metadataOf(jwt, settings);
    if (metadata) this.metadata = { ...this.metadata, ...metadata };
  }

  #failed(status: JwtStatus, provider: JwtProvider | undefined): JwtStatus {
    const key = (provider ?? this.#providers.only)?.settings.config.failedStatusInMetadata ?? '';
    if (key !== '') this.metadata = { ...this.metadata, [key]: { code: status.code, message: status.message } };
    return status;
  }
}
