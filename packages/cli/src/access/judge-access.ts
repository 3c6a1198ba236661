// A call and the rules of the workload that it is for → the verdict, and what it rests on.
import { create } from '@bufbuild/protobuf';
import { RBACSchema as HttpRbacSchema } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { RBACSchema as NetworkRbacSchema } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { type AccessJudge, type AccessRequest, compileHttpAccess, compileNetworkAccess } from '@meltemi/decide';
import type { AccessStep, WorkloadAccess } from '@meltemi/discovery';

export interface AccessAnswer {
  readonly allowed: boolean;
  /** One sentence each, in the order in which the rules were asked. */
  readonly reasons: readonly string[];
}

/** `port`: of the workload's own. A peer that proves who it is counts only where mutual TLS is taken. */
export function judgeAccess(access: WorkloadAccess, call: AccessRequest, port: number): AccessAnswer {
  const mode = access.mutualTls(port);
  if (mode === 'STRICT' && !call.connection.peer) {
    return { allowed: false, reasons: ['mutual TLS is STRICT: a caller without a certificate is not heard'] };
  }
  const plain = mode === 'DISABLE' && call.connection.peer !== undefined;
  const heard = plain ? { ...call, connection: { ...call.connection, peer: undefined } } : call;
  const reasons = plain ? ['mutual TLS is off (DISABLE): nobody can prove who he is'] : [];
  for (const step of access.steps(call.request !== undefined)) {
    const answer = judgeStep(step, heard);
    reasons.push(...answer.reasons);
    if (!answer.allowed) return { allowed: false, reasons };
  }
  return { allowed: true, reasons: reasons.length > 0 ? reasons : ['no policy is for this workload'] };
}

function judgeStep({ authorizer, rules }: AccessStep, call: AccessRequest): AccessAnswer {
  const judge = judgeOf(rules, call.request !== undefined);
  const { allowed, policy } = judge.judge(call);
  if (authorizer !== undefined) {
    return {
      allowed: true,
      reasons: policy === undefined ? [] : [`${policy} asks ${authorizer}, whose answer counts`],
    };
  }
  if (policy !== undefined) return { allowed, reasons: [`${policy} ${allowed ? 'allows' : 'denies'} it`] };
  return { allowed, reasons: allowed ? [] : [`no policy allows it${nearest(judge, call)}`] };
}

function nearest(judge: AccessJudge, call: AccessRequest): string {
  const near = judge.nearestMiss(call);
  return near ? `; ${near.policy} is nearest, it wants ${near.misses.join(' and ')}` : '';
}

function judgeOf(rules: AccessStep['rules'], http: boolean): AccessJudge {
  const filter = http
    ? compileHttpAccess(create(HttpRbacSchema, { rules }))
    : compileNetworkAccess(create(NetworkRbacSchema, { rules, statPrefix: 'tcp.' }));
  return filter.enforced!;
}
