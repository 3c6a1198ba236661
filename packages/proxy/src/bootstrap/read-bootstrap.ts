// Turns the texts and flags that a proxy is started with into its bootstrap message.
import { create, mergeFromBinary, toBinary } from '@bufbuild/protobuf';
import { type Bootstrap, BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { LocalitySchema, NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Problem } from '@meltemi/base';
import { BootstrapError } from './bootstrap-error.ts';
import { checkBootstrap } from './check-bootstrap.ts';
import { placeProblems, readConfigMessage } from './config-message.ts';

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
  refuseTextFormat(input);
  for (const { name, text } of texts(input)) {
    const options = { file: name, ignoreUnknownFields: input.allowUnknownFields ?? false };
    const reading = await readConfigMessage(BootstrapSchema, text, options);
    if (reading.kind === 'problems') problems.push(...reading.problems);
    else mergeFromBinary(BootstrapSchema, bootstrap, toBinary(BootstrapSchema, reading.message));
  }
  if (problems.length > 0) throw new BootstrapError(problems);
  overrideNode(bootstrap, input);
  const found = checkBootstrap(bootstrap);
  if (found.length > 0) throw new BootstrapError(await placed(found, input));
  return bootstrap;
}

/** Problems with their lines: those of the file, unless an overlay moved what stands in it. */
export async function placed(problems: readonly Problem[], input: BootstrapInput): Promise<readonly Problem[]> {
  if (!input.file || input.yaml !== undefined) return problems;
  return placeProblems(problems, input.file.text, input.file.name);
}

/** Protobuf's own text format is told by the file's name, as Envoy does. */
function refuseTextFormat({ file }: BootstrapInput): void {
  if (!file || !/\.(?:pb_text|pb)$/.test(file.name)) return;
  const message = 'protobuf text and binary are not read: write the bootstrap in YAML or JSON';
  throw new BootstrapError([{ severity: 'error', code: 'MEL0101', message: `${file.name}: ${message}` }]);
}

function texts(input: BootstrapInput): readonly { readonly name: string; readonly text: string }[] {
  const overlay = input.yaml === undefined ? [] : [{ name: '--config-yaml', text: input.yaml }];
  return [...(input.file ? [input.file] : []), ...overlay];
}

function overrideNode(bootstrap: Bootstrap, input: BootstrapInput): void {
  if (!input.serviceNode && !input.serviceCluster && !input.serviceZone) return;
  const node = (bootstrap.node ??= create(NodeSchema));
  if (input.serviceNode) node.id = input.serviceNode;
  if (input.serviceCluster) node.cluster = input.serviceCluster;
  if (input.serviceZone) (node.locality ??= create(LocalitySchema)).zone = input.serviceZone;
}
