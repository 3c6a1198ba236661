// A debug page: what it is called, who may ask for it, and what it shows.
import type { Viewer } from '../viewer.ts';

export interface DebugPage {
  /** Below `/debug/`. */
  readonly name: string;
  readonly help: string;
  /** Applications' namespaces may ask too, for their own proxies; else only operators. */
  readonly ofNamespaces?: boolean;
  readonly show: (asked: Asked) => Shown;
}

export interface Asked {
  readonly query: URLSearchParams;
  readonly viewer: Viewer;
}

/** JSON, or a sentence with the status of HTTP that goes with it. */
export type Shown =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly status: 400 | 404; readonly text: string };

export function json(value: unknown): Shown {
  return { kind: 'json', value };
}

export function refusal(status: 400 | 404, text: string): Shown {
  return { kind: 'refusal', status, text };
}
