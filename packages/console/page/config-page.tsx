// The configuration: each object with its state and what is wrong with it, and which sidecars have taken it.
import type { ConfigObjectView, ConfigView, ProblemView, SidecarSyncView } from '../src/views/views.ts';
import { Table } from './table.tsx';

export function ConfigPage({ config }: { readonly config: ConfigView | undefined }) {
  if (!config) return <p class="empty">Asking …</p>;
  const { answering, objects, problems, sidecars } = config;
  return (
    <>
      <div class="title-row">
        <h1>Configuration</h1>
        <p class="summary">{summary(config)}</p>
      </div>
      {!answering && (
        <p class="notice" role="alert">
          The control plane does not answer. This is what it said last.
        </p>
      )}
      {problems.length > 0 && (
        <section aria-labelledby="problems">
          <h2 id="problems">Problems</h2>
          <ul class="problems">
            {problems.map((problem) => (
              <Problem key={`${problem.place} ${problem.code} ${problem.message}`} problem={problem} />
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="objects">
        <h2 id="objects">Objects</h2>
        {objects.length === 0 ? (
          <p class="empty">No rules yet: traffic goes where services are.</p>
        ) : (
          <Objects objects={objects} />
        )}
      </section>
      <section aria-labelledby="sidecars">
        <h2 id="sidecars">Sidecars</h2>
        <Sidecars sidecars={sidecars} />
      </section>
    </>
  );
}

function summary({ objects, sidecars }: ConfigView): string {
  const refused = objects.filter(({ state }) => state === 'refused').length;
  const synced = sidecars.filter(({ state }) => state === 'synced').length;
  return `${objects.length} objects${refused > 0 ? `, ${refused} refused` : ''} · ${synced} of ${sidecars.length} sidecars up to date`;
}

const STATE_WORDS = {
  active: ['healthy', '●', 'active'],
  warning: ['degraded', '▲', 'active, with warnings'],
  refused: ['failing', '■', 'refused'],
} as const;

function Objects({ objects }: { readonly objects: readonly ConfigObjectView[] }) {
  return (
    <Table caption="Objects of the configuration" titles={['Kind', 'Name', 'State', 'Where']}>
      {objects.map(({ kind, namespace, name, state, place, problems }) => {
        const [style, mark, word] = STATE_WORDS[state];
        return (
          <tr key={`${kind} ${namespace}/${name}`}>
            <td data-title="Kind">{kind}</td>
            <td data-title="Name">
              {name} <span class="faint">{namespace}</span>
            </td>
            <td data-title="State">
              <span class={`badge ${style}`}>
                <span aria-hidden="true">{mark}</span> {word}
              </span>
              {problems.length > 0 && (
                <ul class="problems">
                  {problems.map((problem) => (
                    <Problem key={`${problem.code} ${problem.message}`} problem={problem} />
                  ))}
                </ul>
              )}
            </td>
            <td data-title="Where">
              <code>{place || '–'}</code>
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

function Problem({ problem: { severity, code, message, hint, place } }: { readonly problem: ProblemView }) {
  return (
    <li class={severity === 'error' ? 'failing' : 'degraded'}>
      <strong>{severity}</strong> {message}
      {hint !== '' && ` (${hint})`} <code>{[place, code].filter(Boolean).join(' · ')}</code>
    </li>
  );
}

const SYNC_STYLES = { synced: 'healthy', pending: 'degraded', refused: 'failing', 'not connected': 'failing' } as const;
const SYNC_MARKS = { healthy: '●', degraded: '▲', failing: '■' } as const;

function Sidecars({ sidecars }: { readonly sidecars: readonly SidecarSyncView[] }) {
  return (
    <ul class="sidecars">
      {sidecars.map(({ name, state, error }) => (
        <li key={name}>
          <span>{name}</span>
          <span class={`badge ${SYNC_STYLES[state]}`}>
            <span aria-hidden="true">{SYNC_MARKS[SYNC_STYLES[state]]}</span> {state}
          </span>
          {error !== '' && <code>{error}</code>}
        </li>
      ))}
    </ul>
  );
}
