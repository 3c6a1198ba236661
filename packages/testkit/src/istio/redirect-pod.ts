// Leads the traffic of a sandbox's pod through its sidecar, with the rules that injection's init container makes.
import { applyPlan, redirectCommand, redirectPlan } from '@meltemi/inject';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** All traffic in and out, but for the agent's and the proxy's own ports and `exempt`, ports that tests use. */
export async function redirectPod(sandbox: Sandbox, pod: string, exempt: readonly number[]): Promise<void> {
  const inboundExempt = [15020, 15021, 15090, ...exempt].join(',');
  const flags = [
    '-p',
    '15001',
    '-z',
    '15006',
    '-u',
    '1337',
    '-m',
    'REDIRECT',
    '-i',
    '*',
    '-b',
    '*',
    '-d',
    inboundExempt,
  ];
  const host = { env: {}, hasIpv6: () => false, nameServers: () => [] };
  const plan = redirectPlan(redirectCommand('istio-iptables', flags, host));
  await applyPlan(plan, (program, args, input = '') =>
    sandbox.run({ command: [program, ...args], pod, input }).ended(),
  );
}
