// Telemetry: what workloads trace, count and log. https://istio.io/latest/docs/reference/config/telemetry/
import { CODE } from '../problem-code.ts';
import { decimal, type Finding, flag, list, mapOf, message, oneOfTexts, text } from '../schema.ts';
import { duration, nonEmpty } from '../text-check.ts';
import { type PolicyTarget, policyTarget, selector, TARGETING, type WorkloadSelector } from './selector.ts';

export interface Telemetry {
  readonly selector?: WorkloadSelector;
  readonly targetRef?: PolicyTarget;
  readonly targetRefs?: readonly PolicyTarget[];
  readonly tracing?: readonly Tracing[];
  readonly metrics?: readonly Metrics[];
  readonly accessLogging?: readonly AccessLogging[];
}

export type TrafficMode = 'CLIENT_AND_SERVER' | 'CLIENT' | 'SERVER';

interface Providers {
  readonly providers?: readonly { readonly name: string }[];
}

/** Percentages are 0–100, with fractions. */
export interface Tracing extends Providers {
  readonly match?: { readonly mode?: TrafficMode };
  readonly randomSamplingPercentage?: number;
  readonly disableSpanReporting?: boolean;
  readonly customTags?: Readonly<Record<string, TracingTag>>;
  readonly useRequestIdForTraceSampling?: boolean;
  readonly enableIstioTags?: boolean;
  readonly disableContextPropagation?: boolean;
}

/** One of the fields says where the value comes from. */
export interface TracingTag {
  readonly literal?: { readonly value: string };
  readonly environment?: { readonly name: string; readonly defaultValue?: string };
  readonly header?: { readonly name: string; readonly defaultValue?: string };
  readonly formatter?: { readonly value: string };
}

export interface Metrics extends Providers {
  readonly overrides?: readonly MetricsOverride[];
  readonly reportingInterval?: string;
}

export interface MetricsOverride {
  readonly match?: { readonly metric?: string; readonly customMetric?: string; readonly mode?: TrafficMode };
  readonly disabled?: boolean;
  readonly tagOverrides?: Readonly<
    Record<string, { readonly operation?: 'UPSERT' | 'REMOVE'; readonly value?: string }>
  >;
}

export interface AccessLogging extends Providers {
  readonly match?: { readonly mode?: TrafficMode };
  readonly disabled?: boolean;
  readonly filter?: { readonly expression?: string };
}

const mode = oneOfTexts('CLIENT_AND_SERVER', 'CLIENT', 'SERVER');
const providers = list(message({ name: nonEmpty }, { required: ['name'] }));
const fromName = message({ name: nonEmpty, defaultValue: text() }, { required: ['name'] });
const value = message({ value: nonEmpty }, { required: ['value'] });

const customTag = message(
  { literal: value, environment: fromName, header: fromName, formatter: value },
  { oneOf: [['literal', 'environment', 'header', 'formatter']] },
);

const METRICS = [
  'ALL_METRICS',
  'REQUEST_COUNT',
  'REQUEST_DURATION',
  'REQUEST_SIZE',
  'RESPONSE_SIZE',
  'TCP_OPENED_CONNECTIONS',
  'TCP_CLOSED_CONNECTIONS',
  'TCP_SENT_BYTES',
  'TCP_RECEIVED_BYTES',
  'GRPC_REQUEST_MESSAGES',
  'GRPC_RESPONSE_MESSAGES',
];

const override = message({
  match: message(
    { metric: oneOfTexts(...METRICS), customMetric: nonEmpty, mode },
    { oneOf: [['metric', 'customMetric']] },
  ),
  disabled: flag,
  tagOverrides: mapOf(message({ operation: oneOfTexts('UPSERT', 'REMOVE'), value: text() }, { check: checkTag })),
});

export const telemetrySchema = message(
  {
    selector,
    targetRef: policyTarget,
    targetRefs: list(policyTarget),
    tracing: list(
      message({
        match: message({ mode }),
        providers,
        randomSamplingPercentage: decimal(0, 100),
        disableSpanReporting: flag,
        customTags: mapOf(customTag),
        useRequestIdForTraceSampling: flag,
        enableIstioTags: flag,
        disableContextPropagation: flag,
      }),
    ),
    metrics: list(message({ providers, overrides: list(override), reportingInterval: duration })),
    accessLogging: list(
      message({
        match: message({ mode }),
        providers,
        disabled: flag,
        filter: message({ expression: text() }),
      }),
    ),
  },
  { oneOf: [TARGETING] },
);

function checkTag(tag: Readonly<Record<string, unknown>>): Finding[] {
  const removes = tag['operation'] === 'REMOVE';
  if (removes === (tag['value'] === undefined)) return [];
  const message = removes ? '"value" must not be there with the operation REMOVE' : '"value" is needed';
  return [{ path: [], code: CODE.missing, message }];
}
