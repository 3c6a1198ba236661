// How likely a request is refused, by how many of the last ones failed.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/admission_control_filter
import type { AdmissionSettings } from './admission-settings.ts';

type Shape = Pick<AdmissionSettings, 'successThreshold' | 'aggression' | 'mostRejected'>;

/** From 0 to `mostRejected`. */
export function rejectionProbability(
  { requests, successes }: { readonly requests: number; readonly successes: number },
  { successThreshold, aggression, mostRejected }: Shape,
): number {
  const missing = (requests - successes / successThreshold) / (requests + 1);
  return missing > 0 ? Math.min(missing ** (1 / aggression), mostRejected) : 0;
}
