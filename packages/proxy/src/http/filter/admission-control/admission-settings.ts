// Turns the admission control's message into numbers, with Envoy's defaults.
import type {
  AdmissionControl,
  AdmissionControl_SuccessCriteria as SuccessCriteria,
} from '@meltemi/api/envoy/extensions/filters/http/admission_control/v3/admission_control_pb';
import { durationToMs } from '@meltemi/base';
import { FilterConfigError } from '../../http-config-error.ts';

export interface AdmissionSettings {
  readonly enabled: boolean;
  readonly windowMs: number;
  readonly aggression: number;
  /** Shares from 0 to 1. */
  readonly successThreshold: number;
  readonly mostRejected: number;
  /** Requests a second below which none is refused. */
  readonly rpsThreshold: number;
  readonly httpSucceeded: (status: number) => boolean;
  readonly grpcSucceeded: ReadonlySet<number>;
}

/** What sending less would not change. */
const GRPC_SUCCESS: ReadonlySet<number> = new Set([0, 1, 2, 3, 5, 6, 7, 9, 11, 12, 16]);

/** Throws FilterConfigError. */
export function admissionSettings(config: AdmissionControl): AdmissionSettings {
  if (config.evaluationCriteria.case !== 'successCriteria') throw bad('success_criteria is missing');
  const criteria = config.evaluationCriteria.value;
  const threshold = config.srThreshold?.defaultValue?.value ?? 95;
  if (threshold < 1) throw bad('sr_threshold is 1 % at least');
  return {
    enabled: config.enabled?.defaultValue ?? true,
    windowMs: config.samplingWindow ? durationToMs(config.samplingWindow) : 30_000,
    aggression: Math.max(1, config.aggression?.defaultValue ?? 1),
    successThreshold: Math.min(threshold, 100) / 100,
    mostRejected: Math.min(config.maxRejectionProbability?.defaultValue?.value ?? 80, 100) / 100,
    rpsThreshold: config.rpsThreshold?.defaultValue ?? 0,
    httpSucceeded: httpSuccess(criteria),
    grpcSucceeded: criteria.grpcCriteria ? grpcSuccess(criteria.grpcCriteria.grpcSuccessStatus) : GRPC_SUCCESS,
  };
}

function httpSuccess({ httpCriteria }: SuccessCriteria): (status: number) => boolean {
  if (!httpCriteria) return (status) => status < 500;
  const ranges = httpCriteria.httpSuccessStatus;
  if (ranges.length === 0) throw bad('http_success_status is empty');
  for (const { start, end } of ranges)
    if (start < 100 || end > 600 || start > end)
      throw bad(`http_success_status ${start} to ${end} is no range of statuses`);
  return (status) => ranges.some(({ start, end }) => status >= start && status < end);
}

function grpcSuccess(statuses: readonly number[]): ReadonlySet<number> {
  if (statuses.length === 0) throw bad('grpc_success_status is empty');
  const unknown = statuses.find((status) => status > 16);
  if (unknown !== undefined) throw bad(`grpc_success_status ${unknown} is none of gRPC's`);
  return new Set(statuses);
}

function bad(problem: string): FilterConfigError {
  return new FilterConfigError('BAD_FILTER', `admission_control: ${problem}`);
}
