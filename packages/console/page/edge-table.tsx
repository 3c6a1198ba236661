// Shows edges as a table: who asks whom, how often, how well.
import type { EdgeView } from '../src/views/views.ts';
import { endName } from './edge-words.ts';
import { hrefOf } from './route.ts';
import { Table, TRAFFIC_TITLES, TrafficCells } from './table.tsx';
import { MUTUAL_TLS_WORDS } from './words.ts';

export function EdgeTable({ edges, caption }: { readonly edges: readonly EdgeView[]; readonly caption: string }) {
  if (edges.length === 0) return <p class="empty">No traffic in the last minutes.</p>;
  return (
    <Table caption={caption} titles={['From', 'To', ...TRAFFIC_TITLES, 'Encryption']}>
      {edges.map(({ id, from, to, traffic, mutualTls, protocol }) => (
        <tr key={id}>
          <td data-title="From">
            <a href={hrefOf({ page: 'service', id: from.service })}>{endName(from)}</a>
          </td>
          <td data-title="To">
            <a href={hrefOf({ page: 'service', id: to.service })}>{endName(to)}</a>
          </td>
          <TrafficCells traffic={traffic} protocol={protocol} />
          <td data-title="Encryption">{MUTUAL_TLS_WORDS[mutualTls]}</td>
        </tr>
      ))}
    </Table>
  );
}
