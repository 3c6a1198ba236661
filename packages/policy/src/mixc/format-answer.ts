// Mixer's answers → the lines that mixc prints, as the original writes them.
import type { CheckResponse, ReferencedAttributes } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { ReferencedAttributes_Condition as Condition } from '@meltemi/api/istio/mixer/v1/mixer_pb';

import { wordAt } from '../attributes/message-words.ts';
import { formatGoDuration } from '../values/duration-text.ts';

/** google.rpc.Code by number; gRPC's own names of them are in camel case. */
const CODES = [
  ['OK', 'OK'],
  ['CANCELLED', 'Canceled'],
  ['UNKNOWN', 'Unknown'],
  ['INVALID_ARGUMENT', 'InvalidArgument'],
  ['DEADLINE_EXCEEDED', 'DeadlineExceeded'],
  ['NOT_FOUND', 'NotFound'],
  ['ALREADY_EXISTS', 'AlreadyExists'],
  ['PERMISSION_DENIED', 'PermissionDenied'],
  ['RESOURCE_EXHAUSTED', 'ResourceExhausted'],
  ['FAILED_PRECONDITION', 'FailedPrecondition'],
  ['ABORTED', 'Aborted'],
  ['OUT_OF_RANGE', 'OutOfRange'],
  ['UNIMPLEMENTED', 'Unimplemented'],
  ['INTERNAL', 'Internal'],
  ['UNAVAILABLE', 'Unavailable'],
  ['DATA_LOSS', 'DataLoss'],
  ['UNAUTHENTICATED', 'Unauthenticated'],
] as const;

/** Throws AttributesError for references without words. */
export function formatCheck({ precondition, quotas }: CheckResponse): string {
  const lines = [
    `Check RPC completed successfully. Check status was ${formatStatus(precondition?.status)}`,
    `  Valid use count: ${precondition?.validUseCount ?? 0}, valid duration: ${formatSpan(precondition?.validDuration)}`,
    '  Referenced Attributes',
    ...referenceLines(precondition?.referencedAttributes),
    ...quotaLines(quotas),
  ];
  return `${lines.join('\n')}\n`;
}

/** A failure of the call, as gRPC tells it. */
export function formatFailure({ code, details }: { readonly code: number; readonly details: string }): string {
  return `${CODES[code]?.[1] ?? `Code(${code})`}${inBrackets(details)}`;
}

function formatStatus(status: { readonly code: number; readonly message: string } | undefined): string {
  const code = status?.code ?? 0;
  return `${CODES[code]?.[0] ?? `Code ${code}`}${inBrackets(status?.message ?? '')}`;
}

function inBrackets(message: string): string {
  return message === '' ? '' : ` (${message})`;
}

/** The client says that it knows no global words: a key of index 0 is none. */
function referenceLines(references: ReferencedAttributes | undefined): readonly string[] {
  if (!references) return [];
  const lines = references.attributeMatches.map(({ name, mapKey, condition }) => {
    const key = mapKey === 0 ? '' : `::${wordAt(mapKey, references.words)}`;
    return `    ${wordAt(name, references.words)}${key} ${Condition[condition]}`;
  });
  return lines.sort();
}

function quotaLines(quotas: CheckResponse['quotas']): readonly string[] {
  const taken = Object.entries(quotas);
  if (taken.length === 0) return [];
  const rows = taken
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { grantedAmount, validDuration }]) => [name, String(grantedAmount), formatSpan(validDuration)]);
  return table([['Quota', 'Granted Amount', 'Duration'], ...rows]);
}

/** Columns two spaces apart; the last one as long as it is. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)) + 2);
  return rows.map((row) => {
    const cells = row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)));
    return `  ${cells.join('')}`;
  });
}

function formatSpan(span: { readonly seconds: bigint; readonly nanos: number } | undefined): string {
  return span ? formatGoDuration(span.seconds * 1_000_000_000n + BigInt(span.nanos)) : '0s';
}
