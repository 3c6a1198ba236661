// Random requests, each explained first and then sent: what the sidecar's access log may say of it.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { tableOf } from './diagnosis.ts';
import { httpGet } from './mesh-under-test.ts';

/** Of `explain -o json`, what is asked here. */
export interface Explained {
  readonly listener: { readonly name: string; readonly address: string };
  readonly steps: readonly {
    readonly subject: string;
    readonly outcome: string;
    readonly source?: string;
    readonly reason: string;
  }[];
  readonly outcome: { readonly kind: string; readonly cluster?: string; readonly route?: { readonly source?: string } };
  readonly cluster?: { readonly transport: string; readonly endpoints?: readonly { readonly workload?: string }[] };
  readonly split?: readonly { readonly outcome: string; readonly requests: number }[];
}

export interface Sent {
  readonly id: string;
  readonly url: string;
  /** `status upstream` of each possible outcome, upstream `-` for none; status * for what the application says. */
  readonly expected: ReadonlySet<string>;
}

export type Ok = (...words: readonly string[]) => Promise<string>;

const request = fc.record({
  service: fc.constantFrom('reviews', 'ratings', 'details', 'productpage'),
  path: fc.constantFrom('/', '/health', '/ratings/0', '/reviews/0', '/a/../ratings/1?x=y'),
  user: fc.constantFrom(undefined, 'jason', 'tom'),
});

/** Sends each to the sidecar as its application would; explains each from the dump alone. */
export async function sendRandomRequests(dump: string, ok: Ok): Promise<readonly Sent[]> {
  const endpoints = await upstreams(dump, ok);
  const sent: Sent[] = [];
  for (const [index, { service, path, user }] of fc.sample(request, { numRuns: 40, seed: 7 }).entries()) {
    const id = `explained-${index}`;
    const url = `http://${service}:9080${path}`;
    const words = user === undefined ? [] : ['--user', user];
    const found = JSON.parse(
      await ok('explain', '-f', dump, url, ...words, '--times', '200', '-o', 'json'),
    ) as Explained;
    const expected = found.split!.flatMap(
      ({ outcome }) => endpoints.get(outcome) ?? [outcome.replace('aborted with ', '') + ' -'],
    );
    const headers = { host: `${service}:9080`, 'user-agent': id };
    const signedIn: Record<string, string> = user === undefined ? {} : { 'end-user': user, cookie: `user=${user}` };
    await httpGet(`http://${found.listener.address}${path}`, Object.assign(headers, signedIn));
    sent.push({ id, url, expected: new Set(expected) });
  }
  return sent;
}

/** By cluster, what the log may say of it. */
async function upstreams(dump: string, ok: Ok): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = tableOf(await ok('pc', 'endpoint', '-f', dump)).slice(1);
  const groups = Map.groupBy(rows, (row) => row[3]!);
  return new Map([...groups].map(([cluster, group]) => [cluster, group.map((row) => `* ${row[0]}`)]));
}

/** By the requests' user agents: `status upstream`. */
export function logged(file: string, sent: readonly Sent[]): ReadonlyMap<string, string> {
  const ids = new Set(sent.map(({ id }) => id));
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, status, id = '', upstream] = /" (\d+) .*"(explained-\d+)".* "([^"]*)"$/.exec(line) ?? [];
      return ids.has(id) ? [[id, upstream === '-' ? `${status} -` : `* ${upstream}`] as const] : [];
    }),
  );
}
