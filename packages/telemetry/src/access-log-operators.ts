// Compiles one command operator of an access-log format into a function from the entry to its value.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/substitution_formatter
import { AccessLogError } from './access-log-error.ts';
import { ADDRESS_OPERATORS } from './operators/address-operators.ts';
import { ENTRY_OPERATORS } from './operators/entry-operators.ts';
import { HEADER_OPERATORS } from './operators/header-operators.ts';
import { METADATA_OPERATORS } from './operators/metadata-operators.ts';
import {
  badArgument,
  type CompileOperator,
  type Operator,
  type OperatorContext,
  type OperatorValue,
} from './operators/operator.ts';
import { TIME_OPERATORS } from './operators/time-operators.ts';
import { TLS_OPERATORS } from './operators/tls-operators.ts';

const OPERATORS: ReadonlyMap<string, CompileOperator> = new Map<string, CompileOperator>([
  ...Object.entries({
    ...ENTRY_OPERATORS,
    ...HEADER_OPERATORS,
    ...ADDRESS_OPERATORS,
    ...TIME_OPERATORS,
    ...TLS_OPERATORS,
    ...METADATA_OPERATORS,
  }),
  ['COALESCE', compileCoalesce],
]);

/** Operators of Envoy that ask for what is not known here, or must not be told. */
const REFUSED =
  /^(?:ENVIRONMENT|FILE_CONTENT|SECRET|DYNAMIC_MODULE|CEL|TYPED_CEL|TLS_JA[34]_FINGERPRINT|UPSTREAM_FILTER_STATE|CUSTOM_FLAGS|(?:DOWN|UP)STREAM_(?:(?:DECOMPRESSED_)?(?:WIRE|HEADER)_BYTES_(?:SENT|RECEIVED)|DETECTED_CLOSE_TYPE|LOCAL_CLOSE_REASON|TLS_(?:SESSION_ID|GROUP)|PEER_OTHERNAME_SAN|LOCAL_(?:SUBJECT|(?:URI|DNS|IP|EMAIL|OTHERNAME)_SAN)|PEER_CHAIN_(?:SERIALS|FINGERPRINTS_\d+)|PEER_ISSUER_(?:SERIAL|FINGERPRINT_256)|HANDSHAKE_DURATION|CX_RTT|CONNECTION_POOL_READY_DURATION|CONNECTION_IDS_ATTEMPTED|HOST_NAMES_ATTEMPTED(?:_WITHOUT_PORT)?))$/;

/** Compiles `NAME` with its `(argument)` and `:length`, where given. Throws AccessLogError. */
export function compileOperator(
  name: string,
  argument: string | undefined,
  length: number | undefined,
  context: OperatorContext,
): Operator {
  const compile = OPERATORS.get(name);
  if (!compile) {
    if (REFUSED.test(name)) {
      throw new AccessLogError('UNSUPPORTED_OPERATOR', `access log operator %${name}% is not supported`);
    }
    throw new AccessLogError('UNKNOWN_OPERATOR', `access log operator %${name}% is not known`);
  }
  const operator = compile(argument, context, name);
  if (length === undefined) return operator;
  return (entry) => truncated(operator(entry), length);
}

function truncated(value: OperatorValue, length: number): OperatorValue {
  return typeof value === 'string' ? value.slice(0, length) : value;
}

/** `{"operators": ["NAME", {"command": "NAME", "param": "…", "max_length": 5}]}`: the first that is known and not empty. */
function compileCoalesce(argument: string | undefined, context: OperatorContext, name: string): Operator {
  const operators = parseCoalesce(argument ?? '', name).map(({ command, param, max_length: length }) =>
    compileOperator(command, param, length, context),
  );
  return (entry) => {
    for (const operator of operators) {
      const value = operator(entry);
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  };
}

interface CoalescedCommand {
  readonly command: string;
  readonly param?: string;
  readonly max_length?: number;
}

function parseCoalesce(argument: string, name: string): readonly CoalescedCommand[] {
  let list: unknown;
  try {
    list = (JSON.parse(argument) as { operators?: unknown } | null)?.operators;
  } catch {
    throw badArgument(name, 'it is not JSON');
  }
  if (!Array.isArray(list) || list.length === 0) throw badArgument(name, 'it has no "operators"');
  return list.map((item: unknown) => coalescedCommand(item, name));
}

function coalescedCommand(item: unknown, name: string): CoalescedCommand {
  if (typeof item === 'string') return { command: item };
  const { command, param, max_length: length } = (item ?? {}) as Readonly<Record<string, unknown>>;
  const wellFormed =
    typeof command === 'string' &&
    (param === undefined || typeof param === 'string') &&
    (length === undefined || (Number.isInteger(length) && Number(length) > 0));
  if (!wellFormed) throw badArgument(name, 'an operator is neither a name nor an object with a command');
  return item as CoalescedCommand;
}
