// Turns the faults of a route into times and shares.
// https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection
import { parseDuration } from '@meltemi/base';
import type { HttpFault, Percent } from '@meltemi/config';
import { GRPC_STATUS_NAMES } from '@meltemi/telemetry';
import type { FaultInput } from './route-input.ts';

export function faultInput({ delay, abort }: HttpFault): FaultInput {
  return {
    delay: delay && { ms: parseDuration(delay.fixedDelay) ?? 0, millionths: millionths(delay) },
    abort: abort && { ...abortStatus(abort), millionths: millionths(abort) },
  };
}

/** A percentage as parts of a million; one that nobody wrote is 0, and the fault never happens. */
export function millionths(said: { readonly percentage?: Percent; readonly percent?: number }): number {
  return Math.round((said.percentage?.value ?? said.percent ?? 0) * 10_000);
}

function abortStatus(abort: NonNullable<HttpFault['abort']>) {
  const grpcStatus = abort.grpcStatus === undefined ? -1 : GRPC_STATUS_NAMES.indexOf(abort.grpcStatus.toUpperCase());
  return { httpStatus: abort.httpStatus ?? 500, grpcStatus: grpcStatus < 0 ? undefined : grpcStatus };
}
