// A service: how it does now, its last minutes, who asks it and whom it asks.
import type { ServiceDetailView } from '../src/views/views.ts';
import { EdgeTable } from './edge-table.tsx';
import { HealthBadge } from './health-badge.tsx';
import { LineChart } from './line-chart.tsx';
import { hrefOf } from './route.ts';
import { Table, TRAFFIC_TITLES, TrafficCells } from './table.tsx';
import { bytesText, millisecondsText, percentText, rateText } from './words.ts';

/** `detail`: undefined while it is asked for, null when there is no such service. */
export function ServicePage({
  id,
  detail,
}: {
  readonly id: string;
  readonly detail: ServiceDetailView | null | undefined;
}) {
  if (detail === undefined) return <p class="empty">Asking …</p>;
  if (detail === null) {
    return (
      <>
        <h1>{id}</h1>
        <p class="empty">
          No such service is known. <a href="#/">All services</a>
        </p>
      </>
    );
  }
  const { service } = detail;
  return (
    <>
      <p class="crumb">
        <a href="#/">Traffic</a> / {service.namespace || service.kind}
      </p>
      <div class="title-row">
        <h1>{service.name}</h1>
        <HealthBadge health={service.traffic.health} />
        <a class="action" href={hrefOf({ page: 'requests', workload: service.name })}>
          Live requests
        </a>
      </div>
      <Figures detail={detail} />
      <Charts detail={detail} />
      <Workloads detail={detail} />
      <section aria-labelledby="callers">
        <h2 id="callers">Asked by</h2>
        <EdgeTable edges={detail.callers} caption={`Who asks ${service.name}`} />
      </section>
      <section aria-labelledby="callees">
        <h2 id="callees">Asks</h2>
        <EdgeTable edges={detail.callees} caption={`Whom ${service.name} asks`} />
      </section>
    </>
  );
}

function Figures({ detail: { service, responses } }: { readonly detail: ServiceDetailView }) {
  const { requestsPerSecond, errorShare, p50Ms, p99Ms } = service.traffic;
  const figures: readonly (readonly [string, string])[] = [
    ['Requests', `${rateText(requestsPerSecond)}/s`],
    ['Errors', percentText(errorShare)],
    ['p50', millisecondsText(p50Ms)],
    ['p99', millisecondsText(p99Ms)],
    ...responses.map(({ code, perSecond }): readonly [string, string] => [
      code === '0' ? 'no answer' : `HTTP ${code}`,
      `${rateText(perSecond)}/s`,
    ]),
  ];
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name} class={name === 'Errors' && errorShare > 0 ? 'ill' : ''}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Charts({ detail: { points } }: { readonly detail: ServiceDetailView }) {
  const times = points.map(({ time }) => time);
  const perSecond = (value: number) => `${rateText(value)}/s`;
  return (
    <div class="charts">
      <LineChart
        title="Requests"
        times={times}
        format={perSecond}
        lines={[
          { name: 'all', style: 'plain', values: points.map(({ requestsPerSecond }) => requestsPerSecond) },
          { name: 'errors', style: 'ill', values: points.map(({ errorsPerSecond }) => errorsPerSecond) },
        ]}
      />
      <LineChart
        title="Duration"
        times={times}
        format={millisecondsText}
        lines={[
          { name: 'p50', style: 'plain', values: points.map(({ p50Ms }) => p50Ms) },
          { name: 'p99', style: 'second', values: points.map(({ p99Ms }) => p99Ms) },
        ]}
      />
      {points.some(({ bytesPerSecond }) => bytesPerSecond > 0) && (
        <LineChart
          title="Bytes of TCP"
          times={times}
          format={bytesText}
          lines={[{ name: 'both ways', style: 'plain', values: points.map(({ bytesPerSecond }) => bytesPerSecond) }]}
        />
      )}
    </div>
  );
}

function Workloads({ detail: { service } }: { readonly detail: ServiceDetailView }) {
  if (service.workloads.length === 0) return null;
  return (
    <section aria-labelledby="workloads">
      <h2 id="workloads">Workloads</h2>
      <Table caption={`Workloads of ${service.name}`} titles={['Name', 'Version', 'State', ...TRAFFIC_TITLES]}>
        {service.workloads.map(({ name, version, state, traffic }) => (
          <tr key={name}>
            <td data-title="Name">{name}</td>
            <td data-title="Version">{version || '–'}</td>
            <td data-title="State">{state}</td>
            <TrafficCells traffic={traffic} protocol="http" />
          </tr>
        ))}
      </Table>
    </section>
  );
}
