// The command line of mixc → what it prints and its exit code.
import { parseArgs } from 'node:util';

import { MANIFEST_0_2_2 } from '../attributes/manifest-0.2.2.ts';
import { MANIFEST_1_0_3 } from '../attributes/manifest-1.0.3.ts';
import { ManifestError } from '../attributes/read-manifest.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import { ExpressionError, formatExpressionError } from '../expr/expression-error.ts';

import { callMixer } from './call-mixer.ts';
import { CALL_USAGE, type CallCommand, callOptions } from './call-options.ts';
import { type EvalOptions, evaluateText } from './eval.ts';
import { MixcError } from './mixc-error.ts';
import type { MixcResult } from './mixc-result.ts';

const USAGE = `Usage: mixc eval [--manifest FILE] [--attributes JSON] [--type] 'EXPRESSION'

Evaluates an expression of Mixer's attribute language.

  --manifest FILE    attributes and their types: attributemanifest resources, or name: TYPE
  --attributes JSON  their values: {"source.ip": "10.0.0.1", "request.size": 7}
  --type             print the type of the expression first
`;

/** Never throws for what a user can do: errors are one line in `error`, and exit code 1. `now` is the wall clock's. */
export async function mixc(args: readonly string[], now: () => number): Promise<MixcResult> {
  try {
    return await run(args, now);
  } catch (error) {
    return { exitCode: 1, out: '', error: `${messageOf(error)}\n` };
  }
}

async function run([command, ...rest]: readonly string[], now: () => number): Promise<MixcResult> {
  if (command === undefined || ['help', '--help', '-h'].includes(command)) return printed(`${USAGE}\n${CALL_USAGE}`);
  if (isCall(command)) {
    const options = callOptions(command, rest);
    return options === undefined ? printed(CALL_USAGE) : callMixer(command, options, now);
  }
  if (command !== 'eval') throw new MixcError(`unknown command ${JSON.stringify(command)}\n${USAGE}\n${CALL_USAGE}`);
  const options = evalOptions(rest);
  return printed(options === undefined ? USAGE : evaluateText(options, builtIn()));
}

function isCall(command: string): command is CallCommand {
  return ['check', 'report', 'quota'].includes(command);
}

function printed(out: string): MixcResult {
  return { exitCode: 0, out, error: '' };
}

function builtIn(): Vocabulary {
  return new Vocabulary({ ...MANIFEST_0_2_2, ...MANIFEST_1_0_3 });
}

function evalOptions(args: readonly string[]): EvalOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      manifest: { type: 'string' },
      attributes: { type: 'string', default: '{}' },
      type: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const [expression, ...more] = positionals;
  if (expression === undefined || more.length > 0) throw new MixcError(`eval takes one expression\n${USAGE}`);
  return { manifest: values.manifest, attributes: values.attributes, type: values.type, expression };
}

function messageOf(error: unknown): string {
  if (error instanceof ExpressionError) return formatExpressionError(error);
  if (error instanceof MixcError || error instanceof ManifestError) return error.message;
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    return error.message;
  }
  throw error;
}
