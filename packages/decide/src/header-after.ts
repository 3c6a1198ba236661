// Reads a request header as it will be once the route's changes are made, without making them.
import { applyHeaderChanges, type HeaderChange, type MutableHeaders } from './header-change.ts';
import { headerOf, isSingle, type RequestView } from './request-view.ts';

/** The first value; substitutions other than of request headers count as empty. */
export function headerAfter(name: string, changes: readonly HeaderChange[], request: RequestView): string | undefined {
  const headers = new ChangedHeaders(request);
  applyHeaderChanges(changes, headers, {
    requestHeader: (header) => headers.getAll(header)[0],
    responseHeader: () => undefined,
    value: () => undefined,
  });
  return headers.getAll(name)[0];
}

/** What was changed, over the request's own headers. */
class ChangedHeaders implements MutableHeaders {
  readonly #request: RequestView;
  readonly #changed = new Map<string, readonly string[]>();

  constructor(request: RequestView) {
    this.#request = request;
  }

  getAll(name: string): readonly string[] {
    const changed = this.#changed.get(name);
    if (changed) return changed;
    const value = headerOf(this.#request, name);
    if (value === undefined) return [];
    const values = isSingle(value) ? [] : this.#request.headers.getAll(name);
    return values.length > 0 ? values : [value];
  }

  get(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length > 0 ? values.join(',') : undefined;
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }

  set(name: string, value: string): void {
    this.#changed.set(name, [value]);
  }

  add(name: string, value: string): void {
    this.#changed.set(name, [...this.getAll(name), value]);
  }

  remove(name: string): void {
    this.#changed.set(name, []);
  }
}
