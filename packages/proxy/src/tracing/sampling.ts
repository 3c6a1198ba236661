// The shares of a configuration, of a listener or a route, → percents.
import type { Tracing as RouteTracing } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { HttpConnectionManager_Tracing as ListenerTracing } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import {
  type FractionalPercent,
  FractionalPercent_DenominatorType as Denominator,
} from '@meltemi/api/envoy/type/v3/percent_pb';
import type { Sampling } from './trace-reason.ts';

export function listenerSampling({ clientSampling, randomSampling, overallSampling }: ListenerTracing): Sampling {
  return {
    client: clientSampling?.value ?? 100,
    random: randomSampling?.value ?? 100,
    overall: overallSampling?.value ?? 100,
  };
}

export function routeSampling({ clientSampling, randomSampling, overallSampling }: RouteTracing): Sampling {
  return { client: percent(clientSampling), random: percent(randomSampling), overall: percent(overallSampling) };
}

const SCALES: Readonly<Record<Denominator, number>> = {
  [Denominator.HUNDRED]: 1,
  [Denominator.TEN_THOUSAND]: 100,
  [Denominator.MILLION]: 10_000,
};

function percent(fraction: FractionalPercent | undefined): number {
  return fraction ? fraction.numerator / SCALES[fraction.denominator] : 100;
}
