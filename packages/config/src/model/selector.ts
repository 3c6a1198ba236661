// Which workloads a policy is for: parts that the kinds of security, telemetry and extensions share.
import type { Labels } from '@meltemi/base';

import { labelMap, message, text } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';

/** No labels: all workloads of the namespace. */
export interface WorkloadSelector {
  readonly matchLabels?: Labels;
}

/** A Gateway, a Service or another object that a policy is attached to. */
export interface PolicyTarget {
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export const selector = message({ matchLabels: labelMap });

export const policyTarget = message(
  { group: text(), kind: nonEmpty, name: nonEmpty, namespace: text() },
  { required: ['kind', 'name'] },
);

/** One of these says who is meant, or none does. */
export const TARGETING = ['selector', 'targetRef', 'targetRefs'] as const;
