// Clients in a process of their own, inside the sandbox: connects them, and waits for what they report.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Sandbox } from '@meltemi/testkit';
import type { ClientReport, ClientTotals, ConnectOrder } from './client-process.ts';

type ReportKey = 'synced' | 'totals' | `${'endpoint' | 'weight'} ${number}`;
const DEADLINE_MS = 600_000;

export class ClientGroup {
  readonly #child: ChildProcess;
  readonly #come = new Map<ReportKey, ClientReport>();
  readonly #waiting = new Map<ReportKey, (report: ClientReport) => void>();
  readonly #failure = Promise.withResolvers<never>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#failure.promise.catch(() => undefined);
    child.on('message', (report: ClientReport) => this.#take(report));
    child.once('exit', (code) => this.#failure.reject(new Error(`the clients' process ended with ${code}`)));
  }

  static start(sandbox: Sandbox): ClientGroup {
    const script = join(import.meta.dirname, 'client-process.ts');
    const flags = ['--max-old-space-size=8192', '--disable-warning=ExperimentalWarning'];
    const command = [`--target=${sandbox.pid}`, '--net', process.execPath, ...flags, script];
    return new ClientGroup(spawn('nsenter', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
  }

  /** Resolves with the time (milliseconds of the shared clock) when all have everything. Rejects when one fails. */
  async connect(order: ConnectOrder): Promise<number> {
    this.#child.send(order);
    const report = (await this.#report('synced')) as Extract<ClientReport, { kind: 'synced' }>;
    return report.at;
  }

  /** Resolves with the time when a change has reached all. */
  async reached(what: 'endpoint' | 'weight', change: number): Promise<number> {
    const report = (await this.#report(`${what} ${change}`)) as Extract<ClientReport, { kind: 'reached' }>;
    return report.at;
  }

  async totals(): Promise<ClientTotals> {
    this.#child.send('totals');
    const report = (await this.#report('totals')) as Extract<ClientReport, { kind: 'totals' }>;
    return report.totals;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async #report(key: ReportKey): Promise<ClientReport> {
    const come = new Promise<ClientReport>((resolve) => {
      const already = this.#come.get(key);
      if (already) resolve(already);
      else this.#waiting.set(key, resolve);
    });
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(() => deadline.reject(new Error(`no ${key} from the clients in time`)), DEADLINE_MS);
    try {
      return await Promise.race([come, this.#failure.promise, deadline.promise]);
    } finally {
      clearTimeout(timer);
      this.#come.delete(key);
      this.#waiting.delete(key);
    }
  }

  #take(report: ClientReport): void {
    if (report.kind === 'failed') {
      this.#failure.reject(new Error(report.reason));
      return;
    }
    const key: ReportKey = report.kind === 'reached' ? `${report.what} ${report.change}` : report.kind;
    const waiting = this.#waiting.get(key);
    if (waiting) waiting(report);
    else this.#come.set(key, report);
  }
}
