// What Istio thinks of a finding, by its code. https://istio.io/latest/docs/reference/config/analysis/
import type { Problem } from '@meltemi/base';

import { CODE } from '../problem-code.ts';

/** From the mildest to the gravest. */
export const LEVELS = ['Info', 'Warning', 'Error'] as const;
export type Level = (typeof LEVELS)[number];

/** What Istio counts as an error although the object is taken. */
const ERRORS: ReadonlySet<string> = new Set([
  CODE.referenceNotFound,
  CODE.conflictingHosts,
  CODE.conflictingSidecars,
  CODE.severalDefaultSidecars,
  CODE.portNeeded,
  CODE.conflictingGateways,
  CODE.autoImage,
  CODE.unauthenticatedClaims,
  CODE.replaceWithoutEffect,
  CODE.addWithoutEffect,
  CODE.removeWithoutEffect,
  CODE.conflictingTelemetries,
  CODE.severalDefaultTelemetries,
  CODE.invalidCredential,
  CODE.emptySubset,
]);

/** What is only told. */
const NOTES: ReadonlySet<string> = new Set([
  CODE.notInjected,
  CODE.portName,
  CODE.repeatedMatch,
  CODE.deprecatedAnnotation,
  CODE.injectedByDefault,
]);

/** A refused object is an error whatever its code. */
export function levelOf({ code, severity }: Pick<Problem, 'code' | 'severity'>): Level {
  if (severity === 'error' || ERRORS.has(code)) return 'Error';
  return severity === 'info' || NOTES.has(code) ? 'Info' : 'Warning';
}
