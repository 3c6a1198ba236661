import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { listen } from './listen.ts';
import { connect } from './connect.ts';
import { formatIpv6, originalDestination } from './original-destination.ts';
import type { Transport } from './transport.ts';

const quiet = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/** Listens on both families, connects three times, prints where each connection wanted to go. */
const SCRIPT = `
import { connect } from 'node:net';
import { listen } from ${JSON.stringify(import.meta.resolve('./listen.ts'))};
import { originalDestination } from ${JSON.stringify(import.meta.resolve('./original-destination.ts'))};
let seen;
const accept = (transport) => {
  transport.handler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
  seen(originalDestination(transport));
  transport.destroy();
};
const sockets = [await listen({ host: '0.0.0.0', port: 15001 }, {}, accept), await listen({ host: '::', port: 15001 }, { ipv6Only: true }, accept)];
const found = [];
for (const [port, host] of [[80, '127.0.0.1'], [80, '::1'], [15001, '127.0.0.1']]) {
  found.push(await new Promise((resolve) => { seen = resolve; connect(port, host).on('error', () => {}); }));
}
for (const socket of sockets) await socket.close();
console.log(JSON.stringify(found));
`;

function reason(): string | false {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (['ip', 'iptables', 'ip6tables'].some((program) => spawnSync(program, ['-V']).error)) return 'no ip or iptables';
  const probe = `meltemi-dst-probe-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', probe]).status === 0;
  spawnSync('ip', ['netns', 'del', probe]);
  return !made && 'this machine makes no network namespaces';
}

function namespace(context: TestContext): string {
  const name = `meltemi-dst-${process.pid}`;
  assert.equal(spawnSync('ip', ['netns', 'add', name]).status, 0);
  context.after(() => void spawnSync('ip', ['netns', 'del', name]));
  return name;
}

test('a redirected connection tells where it wanted to go, over IPv4 and IPv6', { skip: reason() }, (context) => {
  const name = namespace(context);
  const run = (...command: readonly string[]) =>
    spawnSync('ip', ['netns', 'exec', name, ...command], { encoding: 'utf8', timeout: 20_000 });
  assert.equal(run('ip', 'link', 'set', 'lo', 'up').status, 0);
  for (const program of ['iptables', 'ip6tables']) {
    const rule = ['-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '--dport', '80', '-j', 'REDIRECT', '--to-ports', '15001'];
    assert.equal(run(program, ...rule).status, 0);
  }
  const { stdout, stderr } = run(process.execPath, '--input-type=module', '-e', SCRIPT);
  assert.deepEqual(
    JSON.parse(stdout || 'null'),
    [
      { host: '127.0.0.1', port: 80 },
      { host: '::1', port: 80 },
      { host: '127.0.0.1', port: 15_001 },
    ],
    stderr,
  );
});

test('a connection that nobody redirected has no other destination than its own', async () => {
  const accepted = Promise.withResolvers<Transport>();
  const socket = await listen({ host: '127.0.0.1', port: 0 }, {}, (transport) => {
    transport.handler = quiet;
    accepted.resolve(transport);
  });
  const client = connect(socket.address, {}, { ...quiet, onConnect() {} });
  const transport = await accepted.promise;
  const found = originalDestination(transport);
  // The kernel tracks connections or it doesn't.
  assert.deepEqual(found ?? transport.localAddress, transport.localAddress);
  transport.destroy();
  client.destroy();
  await socket.close();
});

test('IPv6 addresses are written as Node writes them', () => {
  fc.assert(
    fc.property(
      fc.ipV6().filter((text) => !text.includes('.')),
      (text) => {
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        const [head = '', tail] = canonical.split('::');
        const groups = (part: string | undefined) => (part ? part.split(':') : []);
        const gap = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
        const all = [...groups(head), ...Array.from({ length: gap }, () => '0'), ...groups(tail)];
        const bytes = all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
        assert.equal(formatIpv6(Uint8Array.from(bytes)), canonical);
      },
    ),
  );
});
