// What adapters are given and answer; a handler is an adapter with its configuration.
import type { Value } from '../values/value.ts';

/** Codes of google.rpc.Code that policy gives. */
export const STATUS = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export interface Status {
  readonly code: number;
  readonly message: string;
}

/** An answer that its client may keep for so long and so many requests. */
export interface CheckResult {
  readonly status: Status;
  readonly validDurationMs: number;
  readonly validUseCount: number;
}

export interface QuotaArgs {
  readonly amount: number;
  /** Take less where there is less. */
  readonly bestEffort: boolean;
  /** Requests with the same one take once; empty for none. */
  readonly deduplicationId: string;
}

export interface QuotaResult {
  readonly granted: number;
  readonly validDurationMs: number;
}

/** Instances by the name of their template, with values for their expressions. */
export type Instance = CheckNothing | ListEntry | Quota | LogEntry | Metric | ReportNothing;

export interface CheckNothing {
  readonly template: 'checknothing';
  readonly name: string;
}

export interface ReportNothing {
  readonly template: 'reportnothing';
  readonly name: string;
}

export interface ListEntry {
  readonly template: 'listentry';
  readonly name: string;
  readonly value: string;
}

export interface Quota {
  readonly template: 'quota';
  readonly name: string;
  readonly dimensions: ReadonlyMap<string, Value>;
}

export interface LogEntry {
  readonly template: 'logentry';
  readonly name: string;
  readonly severity: string;
  readonly timestamp: Value | undefined;
  readonly variables: ReadonlyMap<string, Value>;
}

export interface Metric {
  readonly template: 'metric';
  readonly name: string;
  readonly value: Value;
  readonly dimensions: ReadonlyMap<string, Value>;
}

export type TemplateName = Instance['template'];
export type CheckInstance = CheckNothing | ListEntry;
export type ReportInstance = LogEntry | Metric | ReportNothing;

/** Each method serves the templates that `templates` names and throws nothing; quotas reject with QuotaCountersError. */
export interface Handler {
  readonly templates: readonly TemplateName[];
  check?(instance: CheckInstance): CheckResult;
  quota?(instance: Quota, args: QuotaArgs): QuotaResult | Promise<QuotaResult>;
  report?(instance: ReportInstance): void;
  /** Ends what it began: timers, sockets. */
  close?(): void;
}
