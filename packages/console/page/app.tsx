// The page: where one can go, what is wrong, and the part that was chosen.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ConfigView, MeshView, RequestBatchView, ServiceDetailView } from '../src/views/views.ts';
import { ConfigPage } from './config-page.tsx';
import { GraphPage } from './graph-page.tsx';
import { healthNews } from './health-news.ts';
import { addRequests, type RequestRow } from './request-rows.ts';
import { type RequestFilterText, RequestsPage } from './requests-page.tsx';
import { hrefOf, type Route } from './route.ts';
import { ServicePage } from './service-page.tsx';
import { type Connection, useEvents } from './use-events.ts';
import { useRoute } from './use-route.ts';

const NO_REQUESTS = { rows: [] as readonly RequestRow[], omitted: 0, untapped: [] as RequestBatchView['untapped'] };
const TITLES = { graph: 'Traffic', service: 'Service', requests: 'Live requests', config: 'Configuration' } as const;

export function App() {
  const route = useRoute();
  const [mesh, setMesh] = useState<MeshView>();
  const [news, setNews] = useState('');
  const [detail, setDetail] = useState<{ readonly id: string; readonly view: ServiceDetailView | null }>();
  const [config, setConfig] = useState<ConfigView>();
  const [requests, setRequests] = useState(NO_REQUESTS);
  const [filter, setFilter] = useState<RequestFilterText>({ workload: '', path: '', status: '' });
  const [paused, setPaused] = useState(false);
  useEffect(() => {
    if (route.page === 'requests' && route.workload !== '') setFilter({ ...filter, workload: route.workload });
  }, [hrefOf(route)]);
  useEffect(() => setRequests(NO_REQUESTS), [filter.workload, filter.path, filter.status]);
  const connection = useEvents(eventsUrl(route, filter), {
    mesh: (view: MeshView) => {
      const told = healthNews(mesh, view);
      if (told !== '') setNews(told);
      setMesh(view);
    },
    service: (view: ServiceDetailView | null) => setDetail({ id: route.page === 'service' ? route.id : '', view }),
    config: (view: ConfigView) => setConfig(view),
    requests: (batch: RequestBatchView) => {
      if (paused) return;
      setRequests(({ rows, omitted }) => ({
        rows: addRequests(rows, batch.rows),
        omitted: omitted + batch.omitted,
        untapped: batch.untapped,
      }));
    },
  });
  const main = useFocusOnChange(route);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        To the content
      </a>
      <Header route={route} mesh={mesh} connection={connection} />
      <main id="main" tabIndex={-1} ref={main}>
        {route.page === 'graph' && (mesh ? <GraphPage mesh={mesh} /> : <p class="empty">Looking at the mesh …</p>)}
        {route.page === 'service' && (
          <ServicePage id={route.id} detail={detail?.id === route.id ? detail.view : undefined} />
        )}
        {route.page === 'config' && <ConfigPage config={config} />}
        {route.page === 'requests' && (
          <RequestsPage
            {...requests}
            key={route.workload}
            filter={filter}
            paused={paused}
            onFilter={setFilter}
            onPause={setPaused}
            onClear={() => setRequests(NO_REQUESTS)}
          />
        )}
      </main>
      <p class="unseen" role="status" aria-live="polite">
        {news}
      </p>
    </>
  );
}

function eventsUrl(route: Route, filter: RequestFilterText): string {
  const query = new URLSearchParams({ page: route.page });
  if (route.page === 'service') query.set('id', route.id);
  if (route.page === 'requests') for (const [name, value] of Object.entries(filter)) query.set(name, value);
  return `/api/events?${query}`;
}

/** Who went to another part begins at its top, and hears its name. */
function useFocusOnChange(route: Route) {
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${route.page === 'service' ? route.id : TITLES[route.page]} · Meltemi`;
    if (!first.current) {
      main.current?.focus();
      scrollTo(0, 0);
    }
    first.current = false;
  }, [hrefOf(route)]);
  return main;
}

interface HeaderProps {
  readonly route: Route;
  readonly mesh: MeshView | undefined;
  readonly connection: Connection;
}

function Header({ route, mesh, connection }: HeaderProps) {
  const { errors = 0, warnings = 0 } = mesh?.problems ?? {};
  const links: readonly (readonly [Route, string])[] = [
    [{ page: 'graph' }, 'Traffic'],
    [{ page: 'requests', workload: '' }, 'Requests'],
    [{ page: 'config' }, 'Configuration'],
  ];
  return (
    <header>
      <span class="brand">Meltemi</span>
      <nav aria-label="Pages">
        <ul>
          {links.map(([target, name]) => (
            <li key={name}>
              <a href={hrefOf(target)} aria-current={isAt(route, target) ? 'page' : undefined}>
                {name}
                {target.page === 'config' && errors + warnings > 0 && (
                  <ProblemCount errors={errors} warnings={warnings} />
                )}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <span class={`live ${connection}`}>{connection === 'open' ? 'live' : 'connecting …'}</span>
    </header>
  );
}

function ProblemCount({ errors, warnings }: MeshView['problems']) {
  const words = [errors > 0 ? `${errors} errors` : '', warnings > 0 ? `${warnings} warnings` : ''].filter(Boolean);
  return (
    <span class={errors > 0 ? 'count failing' : 'count degraded'}>
      <span aria-hidden="true">{errors + warnings}</span>
      <span class="unseen"> ({words.join(', ')})</span>
    </span>
  );
}

function isAt(route: Route, target: Route): boolean {
  return route.page === target.page || (route.page === 'service' && target.page === 'graph');
}
