// Judges the chains of a BetterTLS server as our upstream TLS does; prints what it thinks of each case it is told of.
import { create } from '@bufbuild/protobuf';
import { UpstreamTlsContextSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { type ClientTlsOptions, connect } from '@meltemi/wire';
import { ClientTls } from '../cluster/endpoint/client-tls.ts';

const CONTROL = 'http://127.0.0.1:8080';
const DEADLINE_MS = 10_000;

interface Case {
  readonly suite: string;
  readonly testCase: number;
  readonly hostname: string;
}

const cases = JSON.parse(process.argv[2]!) as readonly Case[];
const roots = await (await fetch(`${CONTROL}/root.pem`)).text();
const client = new ClientTls(
  create(UpstreamTlsContextSchema, {
    commonTlsContext: {
      validationContextType: {
        case: 'validationContext',
        value: { trustedCa: { specifier: { case: 'inlineString', value: roots } } },
      },
    },
  }),
  () => ({ close() {} }),
  () => {},
);
const accepted: boolean[] = [];
for (const { suite, testCase, hostname } of cases) {
  const { status } = await fetch(`${CONTROL}/setTest`, { method: 'POST', body: JSON.stringify({ suite, testCase }) });
  if (status !== 200) throw new Error(`case ${suite} ${testCase}: ${status}`);
  accepted.push(await accepts(client.named({ serverName: hostname, certificate: true })!.options));
}
process.stdout.write(JSON.stringify(accepted));

/** Whether the handshake comes to its end. */
function accepts(tls: ClientTlsOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => transport.destroy(), DEADLINE_MS);
    const settle = (verdict: boolean): void => {
      clearTimeout(timer);
      transport.destroy();
      resolve(verdict);
    };
    const transport = connect(
      { host: '127.0.0.1', port: 8443 },
      { tls },
      { onConnect: () => settle(true), onClose: () => settle(false), onData() {}, onEnd() {}, onDrain() {} },
    );
  });
}
