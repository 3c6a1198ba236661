// What an admin page is, and the forms of its answers.
import type { AdminView } from './admin-view.ts';

export interface AdminPage {
  readonly path: string;
  readonly help: string;
  /** What a query may say, with what it does. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Changes something: POST only. */
  readonly mutates?: boolean;
  /** Shows or changes what each worker counts for itself. */
  readonly ofAllWorkers?: boolean;
  readonly answer: (view: AdminView, query: URLSearchParams) => AdminAnswer;
}

export interface AdminAnswer {
  readonly status?: number;
  readonly contentType: string;
  readonly body: string;
  /** Runs when the answer is sent: for what ends the server that sends it. */
  readonly afterwards?: () => void;
}

export function text(body: string): AdminAnswer {
  return { contentType: 'text/plain; charset=UTF-8', body };
}

export function json(value: unknown): AdminAnswer {
  return { contentType: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` };
}

export const OK: AdminAnswer = text('OK\n');

/** `?name`, `?name=true`, `?name=1`; not `?name=false`. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}
