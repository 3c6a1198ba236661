// What a test asks an application in a pod to call, and what came back.
import type { IncomingHttpHeaders } from 'node:http';

export interface AppCall {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AppAnswer {
  /** 0 where the connection failed; the body says why then. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface LoadResult {
  readonly requests: number;
  /** Status and body of each answer that was not 200. */
  readonly failures: readonly string[];
}
