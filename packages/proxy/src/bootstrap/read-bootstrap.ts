// Turns the texts and flags that a proxy is started with into its bootstrap message.
import { create, mergeFromBinary, toBinary } from '@bufbuild/protobuf';
import { type Bootstrap, BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { LocalitySchema, NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Problem } from '@meltemi/base';
import { xdsRegistry } from '../xds/registry.ts';
import { BootstrapError } from './bootstrap-error.ts';
import { checkBootstrap } from './check-bootstrap.ts';
import { type ConfigDocument, readConfigDocument } from './config-document.ts';
import { type JsonFault, type JsonPath, readJsonMessage } from './json-message.ts';

/** Empty flags change nothing. */
export interface BootstrapInput {
  /** `-c FILE`: its name, for problems, and its text in YAML or JSON. */
  readonly file?: { readonly name: string; readonly text: string };
  /** `--config-yaml`: merged over the file as protobuf merges: lists grow, single values are replaced. */
  readonly yaml?: string;
  readonly serviceNode?: string;
  readonly serviceCluster?: string;
  readonly serviceZone?: string;
  readonly allowUnknownFields?: boolean;
}

/** Reads, merges and checks. Rejects with BootstrapError, which has every problem. */
export async function readBootstrap(input: BootstrapInput): Promise<Bootstrap> {
  const bootstrap = create(BootstrapSchema);
  const problems: Problem[] = [];
  for (const { name, text } of texts(input)) {
    const reading = await readText(name, text, input.allowUnknownFields ?? false);
    if (reading.kind === 'problems') problems.push(...reading.problems);
    else mergeFromBinary(BootstrapSchema, bootstrap, toBinary(BootstrapSchema, reading.bootstrap));
  }
  if (problems.length > 0) throw new BootstrapError(problems);
  overrideNode(bootstrap, input);
  const found = checkBootstrap(bootstrap);
  if (found.length > 0) throw new BootstrapError(found);
  return bootstrap;
}

function texts(input: BootstrapInput): readonly { readonly name: string; readonly text: string }[] {
  const overlay = input.yaml === undefined ? [] : [{ name: '--config-yaml', text: input.yaml }];
  return [...(input.file ? [input.file] : []), ...overlay];
}

type TextReading =
  | { readonly kind: 'bootstrap'; readonly bootstrap: Bootstrap }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

async function readText(name: string, text: string, ignoreUnknownFields: boolean): Promise<TextReading> {
  const read = await readConfigDocument(text, name);
  if (read.kind === 'problems') return read;
  const reading = readJsonMessage(BootstrapSchema, read.document.value, { registry: xdsRegistry, ignoreUnknownFields });
  if (reading.kind === 'message') return { kind: 'bootstrap', bootstrap: reading.message };
  return { kind: 'problems', problems: reading.faults.map((fault) => faultProblem(fault, read.document, name)) };
}

function faultProblem(fault: JsonFault, document: ConfigDocument, file: string): Problem {
  const source = document.locate(fault.path);
  const path = formatPath(fault.path);
  return {
    severity: 'error',
    code: 'MEL0102',
    message: `${source ? '' : `${file}: `}${path ? `${path}: ` : ''}${fault.message}`,
    path,
    ...(source && { source }),
    ...(fault.hint && { hint: fault.hint }),
  };
}

/** `static_resources.clusters[0].name` */
function formatPath(path: JsonPath): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${step}`))
    .join('');
}

function overrideNode(bootstrap: Bootstrap, input: BootstrapInput): void {
  if (!input.serviceNode && !input.serviceCluster && !input.serviceZone) return;
  const node = (bootstrap.node ??= create(NodeSchema));
  if (input.serviceNode) node.id = input.serviceNode;
  if (input.serviceCluster) node.cluster = input.serviceCluster;
  if (input.serviceZone) (node.locality ??= create(LocalitySchema)).zone = input.serviceZone;
}
