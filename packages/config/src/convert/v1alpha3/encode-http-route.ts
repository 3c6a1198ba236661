// A route in today's form → the same route as Istio 0.8 wrote it.
import type { HttpFault, HttpMatch, HttpRetry, HttpRoute } from '../../model/virtual-service.ts';
import { defined } from '../defined.ts';
import { encodeDuration } from './encode-duration.ts';

export function encodeHttpRoute(route: HttpRoute): Readonly<Record<string, unknown>> {
  const match = route.match?.map(encodeMatch).filter((one) => Object.keys(one).length > 0);
  return defined({
    match: match && match.length > 0 ? match : undefined,
    route: route.route,
    redirect: route.redirect,
    rewrite: route.rewrite,
    timeout: encodeDuration(route.timeout),
    retries: route.retries && encodeRetries(route.retries),
    fault: route.fault && encodeFault(route.fault),
    mirror: route.mirror,
    appendHeaders: route.headers?.request?.add,
  });
}

/** Istio 0.8 left the source of a rule out. */
function encodeMatch(match: HttpMatch): Readonly<Record<string, unknown>> {
  return defined({ ...match, sourceLabels: undefined, sourceNamespace: undefined });
}

function encodeRetries({ attempts, perTryTimeout }: HttpRetry): object {
  return defined({ attempts, perTryTimeout: encodeDuration(perTryTimeout) });
}

function encodeFault({ delay, abort }: HttpFault): object {
  return defined({
    delay: delay && defined({ fixedDelay: encodeDuration(delay.fixedDelay), percent: delay.percentage?.value }),
    abort: abort && defined({ httpStatus: abort.httpStatus, percent: abort.percentage?.value }),
  });
}
