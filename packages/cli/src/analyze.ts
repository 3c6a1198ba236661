// istioctl analyze: what is wrong with files, with the configuration of the mesh, or with both together.
import { hasErrors, type Problem } from '@meltemi/base';
import { buildView, CODE, KINDS, type ConfigView, type LocatedResource } from '@meltemi/config';

import { openStore } from './open-store.ts';
import { type Inputs, readObjects } from './read-inputs.ts';
import { CommandError, EXIT, type Terminal } from './terminal.ts';

export interface AnalyzeOptions {
  readonly files: readonly string[];
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** The namespace of objects that name none. */
  readonly defaultNamespace: string;
  readonly configDir: string;
  /** Whether the files are looked at together with what the mesh has. */
  readonly useStore: boolean;
  readonly output: string;
  readonly failureThreshold: string;
}

/** https://istio.io/latest/docs/reference/config/analysis/message-format/ */
export interface Message {
  readonly code: string;
  readonly level: (typeof LEVELS)[number];
  readonly message: string;
  /** `VirtualService httpbin.default` */
  readonly origin: string;
  readonly reference?: string;
}

const LEVELS = ['Info', 'Warning', 'Error'] as const;

export async function analyze(options: AnalyzeOptions, terminal: Terminal): Promise<void> {
  const threshold = LEVELS.findIndex((level) => level.toLowerCase() === options.failureThreshold.toLowerCase());
  if (threshold < 0 || !['log', 'json'].includes(options.output)) {
    throw new CommandError(`use -o log or json, and --failure-threshold ${LEVELS.join(', ')}`, EXIT.usage);
  }
  const given = await readObjects(options.files, options.defaultNamespace, terminal);
  const world = options.useStore ? withStore(given, await readStore(options, terminal)) : given;
  const messages = buildView(world.resources, world.problems)
    .problems.filter((problem) => concerns(problem, options.namespace))
    .map(messageOf);
  const where = options.namespace === undefined ? 'all namespaces' : `namespace: ${options.namespace}`;
  if (options.output === 'json') terminal.out(`${JSON.stringify(messages, undefined, 2)}\n`);
  else terminal.out(messages.map(formatMessage).join(''));
  if (messages.some(({ level }) => LEVELS.indexOf(level) >= threshold)) {
    throw new CommandError(`issues were found when analyzing ${where}`, EXIT.issuesFound);
  }
  if (messages.length === 0) terminal.error(`✔ No validation issues found when analyzing ${where}.\n`);
}

async function readStore({ configDir }: AnalyzeOptions, terminal: Terminal): Promise<ConfigView> {
  const store = await openStore(configDir, terminal);
  await store.close();
  return store.view();
}

/** Objects of files stand in the place of those that the mesh has under their names. */
function withStore(given: Inputs, view: ConfigView): Inputs {
  const stored = KINDS.flatMap(({ kind }): readonly LocatedResource[] => view.objects(kind));
  const known = new Map([...stored, ...given.resources].map((resource) => [keyOf(resource), resource]));
  // What the view says of objects beside each other is found again; what was refused isn't.
  return { resources: [...known.values()], problems: [...view.problems.filter(isError), ...given.problems] };
}

const keyOf = ({ kind, metadata }: LocatedResource): string => `${kind}/${metadata.namespace}/${metadata.name}`;
const isError = (problem: Problem): boolean => hasErrors([problem]);

function concerns({ resource }: Problem, namespace: string | undefined): boolean {
  return namespace === undefined || !resource?.namespace || resource.namespace === namespace;
}

/** What Istio counts as an error although the object is taken. */
const ERRORS: readonly string[] = [CODE.referenceNotFound, CODE.conflictingHosts];
/** Problems of one object's form have one code in Istio: https://istio.io/latest/docs/reference/config/analysis/ist0106/ */
const SCHEMA: readonly string[] = [
  CODE.unknownField,
  CODE.wrongType,
  CODE.missing,
  CODE.badValue,
  CODE.badRegex,
  CODE.badDuration,
  CODE.weights,
  CODE.exclusive,
];

function messageOf({ severity, code, message, resource, source, hint }: Problem): Message {
  const isSchema = severity === 'error' && SCHEMA.includes(code);
  const level = severity === 'error' || ERRORS.includes(code) ? 'Error' : severity === 'info' ? 'Info' : 'Warning';
  const suffix = resource?.namespace ? `.${resource.namespace}` : '';
  return {
    code: isSchema ? 'IST0106' : code,
    level,
    message: `${isSchema ? 'Schema validation error: ' : ''}${message}${hint ? ` (${hint})` : ''}`,
    origin: resource ? `${resource.kind} ${resource.name}${suffix}` : '',
    ...(source && { reference: `${source.file}:${source.line}` }),
  };
}

function formatMessage({ level, code, origin, reference, message }: Message): string {
  const about = [origin, reference].filter((part) => part).join(' ');
  return `${level} [${code}] (${about}) ${message}\n`;
}
