// istioctl explain: why a request of a workload goes where it goes.
import { CommandError, EXIT, type Terminal } from '../../terminal.ts';
import { meshOf } from '../find-proxy.ts';
import { printData, requireOutput } from '../print-json.ts';
import { proxySource, type SourceOptions } from '../proxy-source.ts';
import { explainDump } from './explain-dump.ts';
import { explainRequest, type RequestWords } from './explain-request.ts';
import { explainText } from './explain-text.ts';

export interface ExplainOptions extends SourceOptions, RequestWords {
  readonly output: string;
  readonly times: number;
  readonly seed: number;
}

export async function explain(options: ExplainOptions, terminal: Terminal): Promise<void> {
  requireOutput(options.output, ['text', 'json', 'yaml']);
  const request = explainRequest(options);
  const source = proxySource(options, terminal);
  const [dump, endpoints] = await Promise.all([source.dump(), source.endpoints()]);
  const { times, seed } = options;
  const explained = explainDump({ dump, endpoints, workloads: workloadsOf(options), request, times, seed });
  if (options.output === 'text') terminal.out(explainText(explained, source.title));
  else printData(explained, options.output, terminal);
}

/** Whom the mesh that runs here has at which address; a dump from elsewhere knows none of them. */
function workloadsOf({ configDir, file, admin }: ExplainOptions): ReadonlyMap<string, string> {
  if (file !== undefined || admin !== undefined) return new Map();
  const { workloads } = meshOf(configDir).status;
  return new Map(
    workloads.flatMap(({ name, address, sidecar }): [string, string][] => [
      [sidecar.inbound, name],
      [address, name],
    ]),
  );
}

/** `explain FROM URL`; where the proxy is given by a flag, `explain URL` does. Throws CommandError. */
export function explainWords(
  words: readonly string[],
  isGiven: boolean,
): { readonly name?: string; readonly url: string } {
  const [first, second] = words;
  if (first !== undefined && second !== undefined) return { name: first, url: second };
  if (first !== undefined && isGiven) return { url: first };
  throw new CommandError('usage: istioctl explain FROM_WORKLOAD URL, or -f DUMP.json URL', EXIT.usage);
}
