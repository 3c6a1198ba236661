// Many clients in few processes, inside the sandbox: connects them, and waits for what all of them have.
import type { Sandbox } from '@meltemi/testkit';
import { type Type, TYPES } from './ads-client.ts';
import { ClientGroup } from './client-group.ts';
import type { ClientTotals, ConnectOrder } from './client-process.ts';

/** So many clients are one process. */
const GROUP = 500;

export class ClientCrowd {
  readonly #groups: readonly ClientGroup[];

  private constructor(groups: readonly ClientGroup[]) {
    this.#groups = groups;
  }

  /** Resolves when the processes are there; none has connected yet. */
  static async start(sandbox: Sandbox, clients: number): Promise<ClientCrowd> {
    const groups = Array.from({ length: Math.ceil(clients / GROUP) }, () => ClientGroup.start(sandbox));
    await Promise.all(groups.map((group) => group.totals()));
    return new ClientCrowd(groups);
  }

  /** Resolves with the time (milliseconds of the shared clock) when all have everything. Rejects when one fails. */
  async connect(order: ConnectOrder): Promise<number> {
    const clients = order.to - order.from;
    const share = Math.ceil(clients / this.#groups.length);
    return this.#last((group, index) => {
      const from = order.from + index * share;
      return group.connect({ ...order, from, to: Math.min(from + share, order.to) });
    });
  }

  /** Resolves with the time when a change has reached all. */
  reached(what: 'endpoint' | 'weight', change: number): Promise<number> {
    return this.#last((group) => group.reached(what, change));
  }

  async totals(): Promise<ClientTotals> {
    const all = await Promise.all(this.#groups.map((group) => group.totals()));
    const sum = (key: 'bytes' | 'responses') => all.reduce((total, each) => total + each[key], 0);
    const extent = (type: Type) => {
      const extents = all.map(({ held }) => held[type]);
      return [Math.min(...extents.map(([least]) => least)), Math.max(...extents.map(([, most]) => most))];
    };
    const held = Object.fromEntries(TYPES.map((type) => [type, extent(type)])) as unknown as ClientTotals['held'];
    return { bytes: sum('bytes'), responses: sum('responses'), held, names: all[0]!.names };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#groups.map((group) => group.stop()));
  }

  async #last(act: (group: ClientGroup, index: number) => Promise<number>): Promise<number> {
    return Math.max(...(await Promise.all(this.#groups.map(act))));
  }
}
