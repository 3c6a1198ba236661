// A provider at work: its keys, the tokens that were found good with them, and the tests that its tokens have to pass.
import type { HttpFilterParts } from '../filter-type.ts';
import type { AudienceTest } from './audiences.ts';
import type { Jwt } from './jwt.ts';
import { JWT_STATUS, type JwtStatus } from './jwt-status.ts';
import { isKeySet, type KeySet, verifySignature } from './key-set.ts';
import type { ProviderSettings } from './provider.ts';
import type { FetchListener, RemoteKeys } from './remote-keys.ts';
import { borrowRemoteKeys, releaseRemoteKeys } from './shared-remote-keys.ts';

/** Longer tokens are verified each time. */
const MAX_REMEMBERED_LENGTH = 4096;

export class JwtProvider {
  readonly settings: ProviderSettings;
  readonly #parts: HttpFilterParts;
  readonly #onFetch: FetchListener;
  readonly #local: KeySet | undefined;
  /** Undefined: the keys are in the configuration. */
  readonly remote: RemoteKeys | undefined;
  readonly #remembered = new Map<string, Jwt>();
  /** The keys that those were verified with. */
  #rememberedFor: KeySet | undefined;

  constructor(settings: ProviderSettings, parts: HttpFilterParts, onFetch: FetchListener) {
    this.settings = settings;
    this.#parts = parts;
    this.#onFetch = onFetch;
    const { keys } = settings;
    if ('remote' in keys) {
      this.remote = borrowRemoteKeys(keys.remote, parts);
      this.remote.listen(onFetch);
    } else if (isKeySet(keys.local)) this.#local = keys.local;
    else parts.logger.warn(`jwt_authn: provider ${settings.name}: ${keys.local.message}: it takes no token`);
  }

  close(): void {
    this.remote?.unlisten(this.#onFetch);
    if ('remote' in this.settings.keys) releaseRemoteKeys(this.settings.keys.remote, this.#parts);
  }

  /** Its keys have to be fetched before a token can be verified. */
  get needsFetch(): boolean {
    return this.remote !== undefined && this.remote.current === undefined;
  }

  get #keys(): KeySet | undefined {
    return this.remote ? this.remote.current : this.#local;
  }

  /** A token that was verified before with the keys of now. */
  recall(token: string): Jwt | undefined {
    const keys = this.#keys;
    if (keys !== this.#rememberedFor) {
      this.#remembered.clear();
      this.#rememberedFor = keys;
    }
    const jwt = this.#remembered.get(token);
    if (jwt) {
      // The one that was not asked for the longest makes room for others.
      this.#remembered.delete(token);
      this.#remembered.set(token, jwt);
    }
    return jwt;
  }

  /** All but the signature. `isForUs`: where the requirement says which audiences count. */
  checkClaims(jwt: Jwt, isForUs: AudienceTest | undefined): JwtStatus {
    const { settings } = this;
    const now = Math.floor(this.#parts.clock.now() / 1000);
    const { notBefore = 0, expiry, audiences, subject } = jwt;
    if (now + settings.clockSkew < notBefore) return JWT_STATUS.notYetValid;
    if (expiry !== undefined && now > expiry + settings.clockSkew) return JWT_STATUS.expired;
    if (!(isForUs ?? settings.isForUs)(audiences)) return JWT_STATUS.audienceNotAllowed;
    if (!settings.allowsSubject(subject)) return JWT_STATUS.verificationFails;
    if (settings.maxLifetime !== undefined && (expiry === undefined || expiry - now >= settings.maxLifetime)) {
      return JWT_STATUS.verificationFails;
    }
    return JWT_STATUS.ok;
  }

  checkSignature(jwt: Jwt, token: string): JwtStatus {
    const keys = this.#keys;
    if (!keys) return this.remote ? JWT_STATUS.keysFetchFails : JWT_STATUS.noValidKeys;
    const status = verifySignature(jwt.jws, jwt.signature, keys);
    if (status === JWT_STATUS.ok && token.length <= MAX_REMEMBERED_LENGTH) this.#remember(token, jwt);
    return status;
  }

  #remember(token: string, jwt: Jwt): void {
    if (this.#remembered.size >= this.settings.cacheSize) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    this.#remembered.set(token, jwt);
  }
}
