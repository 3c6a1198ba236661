// Serves what kubelet and Prometheus ask of a pod: readiness, and the metrics of proxy and agent together.
import { type RunningHttpServer, serveHttp } from '@meltemi/rpc';
import { Hono } from 'hono';
import { askAdmin } from './admin-client.ts';
import type { CertificateKeeper } from './certificate-keeper.ts';
import type { SecretStore } from './secret-store.ts';

export interface StatusServerOptions {
  /** Where it listens: the pod's own address, which kubelet asks. */
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly store: SecretStore;
  readonly keeper: CertificateKeeper;
}

export function serveStatus(options: StatusServerOptions): Promise<RunningHttpServer> {
  const app = new Hono();
  app.get('/healthz/ready', async (context) => {
    const answer = await askAdmin(options.adminPort, '/ready').catch(() => undefined);
    return answer?.status === 200 ? context.text('ready\n') : context.text('proxy is not ready\n', 503);
  });
  app.get('/stats/prometheus', async (context) => {
    const answer = await askAdmin(options.adminPort, '/stats/prometheus').catch(() => undefined);
    const proxyMetrics = answer?.status === 200 ? answer.body : '';
    return context.text(agentMetrics(options) + proxyMetrics, 200, { 'content-type': 'text/plain; version=0.0.4' });
  });
  return serveHttp(app, { host: options.host, port: options.port });
}

/** Times are seconds since the epoch, as Prometheus has them. */
function agentMetrics({ store, keeper }: StatusServerOptions): string {
  return [
    ...gauge('istio_agent_cert_expiry_time_seconds', (store.current?.notAfter ?? 0) / 1000),
    ...gauge('istio_agent_cert_expired', keeper.expired ? 1 : 0),
    ...gauge('istio_agent_cert_failures', keeper.failures),
    ...gauge('istio_agent_cert_rotations', store.version),
  ].join('');
}

function gauge(name: string, value: number): readonly string[] {
  return [`# TYPE ${name} gauge\n`, `${name} ${value}\n`];
}
