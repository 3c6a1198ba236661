// Turns mirror policies into the mirrors of one request.
import type { RouteAction_RequestMirrorPolicy as MirrorPolicy } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { Dice } from '@meltemi/base';
import { falls, formatFraction, type Fraction, isAlways, runtimeFraction } from './chance.ts';
import { DecideError } from './decide-error.ts';
import type { Mirror, TraceSink } from './decision.ts';
import { firstOf, type RequestView } from './request-view.ts';

/** All mirrors of a route; `fixed` where no request makes a difference. */
export interface Mirrors {
  readonly fixed: readonly Mirror[] | undefined;
  readonly rules: readonly MirrorRule[];
}

const NO_MIRRORS: Mirrors = { fixed: [], rules: [] };

interface MirrorRule {
  readonly mirror: Mirror;
  readonly clusterHeader: string;
  readonly fraction: Fraction;
}

/** Throws DecideError BAD_ACTION. */
export function compileMirrors(policies: readonly MirrorPolicy[]): Mirrors {
  if (policies.length === 0) return NO_MIRRORS;
  const rules = policies.map(compileMirror);
  const fixed = rules.every((rule) => rule.clusterHeader === '' && isAlways(rule.fraction));
  return { fixed: fixed ? rules.map((rule) => rule.mirror) : undefined, rules };
}

export function mirrorsFor(mirrors: Mirrors, request: RequestView, dice: Dice, trace?: TraceSink): readonly Mirror[] {
  if (mirrors.fixed && !trace) return mirrors.fixed;
  const chosen: Mirror[] = [];
  for (const { mirror, clusterHeader, fraction } of mirrors.rules) {
    const cluster = clusterHeader === '' ? mirror.cluster : (firstOf(request, clusterHeader) ?? '');
    const goes = cluster !== '' && (isAlways(fraction) || falls(dice.roll(), fraction));
    if (goes) chosen.push(clusterHeader === '' ? mirror : { ...mirror, cluster });
    trace?.add({
      subject: 'mirror',
      name: cluster || clusterHeader,
      source: undefined,
      outcome: goes ? 'matched' : 'missed',
      reason: cluster === '' ? `header ${clusterHeader} is absent` : `${formatFraction(fraction)} of requests`,
    });
  }
  return chosen;
}

function compileMirror(policy: MirrorPolicy): MirrorRule {
  if ((policy.cluster === '') === (policy.clusterHeader === '')) {
    throw new DecideError('BAD_ACTION', 'a mirror policy names one of cluster and cluster_header');
  }
  return {
    mirror: {
      cluster: policy.cluster,
      appendShadowSuffix: !policy.disableShadowHostSuffixAppend,
      traceSampled: policy.traceSampled,
    },
    clusterHeader: policy.clusterHeader.toLowerCase(),
    fraction: runtimeFraction(policy.runtimeFraction),
  };
}
