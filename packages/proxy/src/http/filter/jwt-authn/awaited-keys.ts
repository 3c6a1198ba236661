// The key sets that a request's tokens need and that are not here yet.
import type { StreamEntry } from '../../stream-entry.ts';
import { parseJwt } from './jwt.ts';
import type { JwtProvider } from './jwt-provider.ts';
import type { RemoteKeys } from './remote-keys.ts';
import type { Requirement } from './requirement.ts';
import { findTokens } from './token-places.ts';

export class AwaitedKeys {
  readonly #sources: readonly RemoteKeys[];
  #onSettled: (() => void) | undefined;

  private constructor(sources: readonly RemoteKeys[]) {
    this.#sources = sources;
  }

  /** Undefined: nothing has to be waited for. A request without a fitting token makes nobody fetch keys. */
  static neededBy({ providers }: Requirement, entry: StreamEntry): AwaitedKeys | undefined {
    let needed: Set<RemoteKeys> | undefined;
    for (const provider of providers) {
      if (provider.needsFetch && hasToken(provider, entry)) (needed ??= new Set()).add(provider.remote!);
    }
    return needed && new AwaitedKeys([...needed]);
  }

  /** Calls `done` in a later turn, when all fetches have ended, well or not. */
  begin(done: () => void): void {
    let left = this.#sources.length;
    this.#onSettled = () => {
      if (--left === 0) done();
    };
    for (const source of this.#sources) source.await(this.#onSettled);
  }

  cancel(): void {
    if (!this.#onSettled) return;
    for (const source of this.#sources) source.stopWaiting(this.#onSettled);
  }
}

function hasToken({ settings }: JwtProvider, entry: StreamEntry): boolean {
  return findTokens(settings.places, entry).some(({ token }) => {
    const jwt = parseJwt(token);
    return !('code' in jwt) && (settings.issuer === '' || settings.issuer === jwt.issuer);
  });
}
