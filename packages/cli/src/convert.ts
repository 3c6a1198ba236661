// istioctl convert: rules of Istio 0.2 and Ingresses → documents of networking.istio.io.
import { writeFile } from 'node:fs/promises';

import { formatProblem, hasErrors, type Problem } from '@meltemi/base';
import { buildView, convertDocuments, type LocatedResource, objectToYaml, resourceToObject } from '@meltemi/config';

import { type Inputs, readInputs, readObjects } from './read-inputs.ts';
import { sortKeys } from './sort-keys.ts';
import { CommandError, EXIT, type Terminal } from './terminal.ts';

/** `v1`: what the mesh makes of the objects; `v1alpha3`: what Istio 0.8's own conversion printed. */
export const TARGETS = ['v1', 'v1alpha3'] as const;

export interface ConvertOptions {
  readonly files: readonly string[];
  readonly namespace: string;
  readonly to: string;
  /** Undefined or `-`: standard output. */
  readonly output: string | undefined;
}

export async function convert(options: ConvertOptions, terminal: Terminal): Promise<void> {
  const { files, namespace, to, output } = options;
  if (files.length === 0) throw new CommandError('give files with -f', EXIT.usage);
  if (!(TARGETS as readonly string[]).includes(to)) {
    throw new CommandError(`unknown version "${to}": use ${TARGETS.join(' or ')}`, EXIT.usage);
  }
  const inputs = await (to === 'v1' ? readInputs : readObjects)(files, namespace, terminal);
  const { documents, problems } = hasErrors(inputs.problems)
    ? { documents: [], problems: inputs.problems }
    : to === 'v1'
      ? toCurrent(inputs)
      : toV1alpha3(inputs);
  for (const problem of problems) terminal.error(`${formatProblem(problem)}\n`);
  if (hasErrors(problems)) throw new CommandError('nothing was converted');
  if (documents.length === 0) throw new CommandError('there is nothing to convert in the input');
  await print(documents.map((document) => objectToYaml(document)).join('---\n'), output, terminal);
}

interface Converted {
  readonly documents: readonly unknown[];
  readonly problems: readonly Problem[];
}

/** Objects of today's kinds come back as they are, DestinationRules with what old kinds add to them. */
function toCurrent({ resources, problems }: Inputs): Converted {
  const view = buildView(resources, problems);
  const all = [...view.destinationRules, ...view.virtualServices, ...view.serviceEntries, ...view.gateways];
  return { documents: all.map(currentObject), problems: [...problems, ...view.problems.filter(isLostBackend)] };
}

function currentObject(resource: LocatedResource): unknown {
  return resourceToObject({ ...resource, apiVersion: 'networking.istio.io/v1' });
}

/** What objects name need not be in the input; but a port that an Ingress names by a word is lost without its Service. */
function isLostBackend({ resource, path }: Problem): boolean {
  return resource?.kind === 'Ingress' && path?.endsWith('.backend') === true;
}

function toV1alpha3({ resources, problems }: Inputs): Converted {
  const converted = convertDocuments(resources);
  return { documents: converted.documents.map(sortKeys), problems: [...problems, ...converted.problems] };
}

async function print(text: string, output: string | undefined, terminal: Terminal): Promise<void> {
  if (output === undefined || output === '-') terminal.out(text);
  else await writeFile(output, text);
}
