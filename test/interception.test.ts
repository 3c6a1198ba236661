// Transparent interception: an application that knows nothing of the mesh, iptables' rules as istio-init sets them, and our proxy's virtual listeners.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { applyPlan, redirectCommand, redirectPlan } from '@meltemi/inject';
import { reasonAgainstNamespaces, runIn } from '../packages/inject/src/iptables/network-namespace.testing.ts';
import { curl, joinedNamespaces, serveIn, startProxyIn } from './support/intercepted-pod.ts';
import { virtualListeners } from './support/virtual-listeners.ts';

const POD = '10.9.7.1';
const PEER = '10.9.7.2';

const cannot = reasonAgainstNamespaces() || reasonAgainstCurl();

/** A pod with a sidecar and an application on 9080 and 9081, beside a peer that serves 80 and 8081. */
test(
  'an unmodified client and an unmodified server talk through virtual listeners',
  { skip: cannot },
  async (context) => {
    const { pod, peer } = joinedNamespaces(context, POD, PEER);
    await serveIn(context, pod, { 9080: 'application', 9081: 'other-port' });
    await serveIn(context, peer, { 80: 'peer', 8081: 'unknown' });
    const host = { env: {}, hasIpv6: () => false, nameServers: () => [] };
    await applyPlan(redirectPlan(redirectCommand('istio-iptables', ['-b', '*', '-i', '*'], host)), runIn(pod));
    await startProxyIn(context, pod, virtualListeners({ pod: POD, peer: PEER }));

    // Outbound: the listener of the port has no socket; 15001 hands the connection to it.
    assert.deepEqual(await curl(pod, `http://${PEER}/hello`), {
      status: 200,
      via: 'outbound',
      body: `peer ${PEER}:80 /hello`,
    });
    // Outbound to an address that nobody configured: as it is, to where it was going.
    assert.deepEqual(await curl(pod, `http://${PEER}:8081/`), { status: 200, via: '', body: `unknown ${PEER}:8081 /` });
    // Inbound: the chain of the destination port.
    assert.deepEqual(await curl(peer, `http://${POD}:9080/in`), {
      status: 200,
      via: 'inbound',
      body: `application ${POD}:9080 /in`,
    });
    // Inbound to a port without a chain: the default chain passes it on to the application.
    assert.deepEqual(await curl(peer, `http://${POD}:9081/`), {
      status: 200,
      via: '',
      body: `other-port ${POD}:9081 /`,
    });
    // The sidecar's own user is not intercepted.
    assert.deepEqual(await curl(pod, `http://${PEER}/own`, '1337'), {
      status: 200,
      via: '',
      body: `peer ${PEER}:80 /own`,
    });
  },
);

function reasonAgainstCurl(): string | false {
  return spawnSync('curl', ['--version']).error ? 'no program curl' : false;
}
