import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FlagError } from './flag-values.ts';
import { type RedirectHost, redirectCommand } from './redirect-flags.ts';
import { printPlan, redirectPlan } from './redirect-plan.ts';

const HOST: RedirectHost = { env: {}, hasIpv6: () => false, nameServers: () => [] };

function rules(args: string, host: Partial<RedirectHost> = {}, program = 'istio-iptables'): readonly string[] {
  const command = redirectCommand(program, args.split(' ').filter(Boolean), { ...HOST, ...host });
  return printPlan(redirectPlan(command)).split('\n');
}

test('all DNS goes to the agent, with one conntrack zone a side', () => {
  const dns = rules('--redirect-dns --capture-all-dns -u 7 -g 8').filter((line) => /DNS|zone/.test(line));
  assert.deepEqual(dns, [
    '-N ISTIO_OUTPUT_DNS',
    '-A ISTIO_OUTPUT -j ISTIO_OUTPUT_DNS',
    '-A ISTIO_OUTPUT_DNS -p tcp --dport 53 -j REDIRECT --to-ports 15053',
    '-A ISTIO_OUTPUT_DNS -p udp --dport 53 -j REDIRECT --to-port 15053',
    '-N ISTIO_OUTPUT_DNS',
    '-A OUTPUT -j ISTIO_OUTPUT_DNS',
    '-A ISTIO_OUTPUT_DNS -p udp --dport 53 -m owner --uid-owner 7 -j CT --zone 1',
    '-A ISTIO_OUTPUT_DNS -p udp --sport 15053 -m owner --uid-owner 7 -j CT --zone 2',
    '-A ISTIO_OUTPUT_DNS -p udp --dport 53 -m owner --gid-owner 8 -j CT --zone 1',
    '-A ISTIO_OUTPUT_DNS -p udp --sport 15053 -m owner --gid-owner 8 -j CT --zone 2',
    '-A ISTIO_OUTPUT_DNS -p udp --dport 53 -j CT --zone 2',
    '-A ISTIO_INBOUND -p udp --sport 53 -j CT --zone 1',
  ]);
});

test('flags may stand in the environment; the command line is stronger', () => {
  const env = { ENVOY_PORT: '7001', INBOUND_CAPTURE_PORT: '7006', ISTIO_INBOUND_PORTS: '*', REDIRECT_DNS: 'false' };
  const lines = rules('-p 8001 -i *', { env });
  assert.ok(lines.includes('-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 8001'));
  assert.ok(lines.includes('-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 7006'));
  assert.ok(lines.includes('-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT'));
  assert.ok(lines.includes('-A ISTIO_OUTPUT -j ISTIO_REDIRECT'));
});

test('ranges go to the rules of their family; excluded ports come before all else', () => {
  const lines = rules('-i 10.0.0.0/8,fd00::/8 -x 1.0.0.0/8 -o 22', { hasIpv6: () => true });
  const half = lines.lastIndexOf('* nat');
  const [v4, v6] = [lines.slice(0, half), lines.slice(half)];
  assert.deepEqual(
    [v4, v6].map((family) => family.filter((line) => /\/8 |dport 22/.test(line))),
    [
      [
        '-A ISTIO_OUTPUT -p tcp --dport 22 -j RETURN',
        '-A ISTIO_OUTPUT -d 1.0.0.0/8 -j RETURN',
        '-A ISTIO_OUTPUT -d 10.0.0.0/8 -j ISTIO_REDIRECT',
      ],
      ['-A ISTIO_OUTPUT -p tcp --dport 22 -j RETURN', '-A ISTIO_OUTPUT -d fd00::/8 -j ISTIO_REDIRECT'],
    ],
  );
});

test('the rules of Istio 0.2 are chosen by the name of its script or by a flag', () => {
  const expected = rules('-p 15001 -u 1337', {}, 'prepare_proxy.sh');
  assert.deepEqual(rules('--rules-of-0.2'), expected);
  assert.ok(expected.includes('-A OUTPUT -p tcp -m comment --comment istio/install-istio-output -j ISTIO_OUTPUT'));
});

test('nothing but addresses, ports, names and numbers reaches a rule', () => {
  for (const args of [
    '-p 0',
    '-p 65536',
    '-p 1e3',
    '-i 10.0.0.0',
    '-i 10.0.0.0/33',
    '-i 10.0.0.0/8/8',
    '-x fe80::1%eth0/64',
    '-i *,10.0.0.0/8',
    '-u -j',
    '-g a;b',
    '-c -j',
    '-k a/b',
    '-m NONE',
    '-b 80,x',
    '-q \nCOMMIT',
    '--unknown',
    'word',
  ]) {
    assert.throws(() => redirectCommand('istio-iptables', args.split(' '), HOST), FlagError, args);
  }
});
