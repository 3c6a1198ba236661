// The gRPC status of an entry → its name or number for the access log; requests that are not gRPC have none.
import { AccessLogError } from './access-log-error.ts';
import type { AccessLogEntry } from './access-log-entry.ts';
import { GRPC_STATUS_NAMES, grpcStatusOfHttp } from './grpc-status.ts';

/** The argument says how it is written. Throws AccessLogError for one that is not known. */
export function compileGrpcStatus(argument: string): (entry: AccessLogEntry) => string | number | undefined {
  switch (argument) {
    case '':
    case 'CAMEL_STRING':
      return (entry) => named(entry, camelCase);
    case 'SNAKE_STRING':
      return (entry) => named(entry, (name) => name);
    case 'NUMBER':
      return grpcStatusNumber;
    default:
      throw new AccessLogError(
        'BAD_ARGUMENT',
        `access log operator %GRPC_STATUS%: "${argument}" is no way to write it`,
      );
  }
}

/** From the trailers, from the head where the response has nothing else, or from what HTTP says. */
export function grpcStatusNumber(entry: AccessLogEntry): number | undefined {
  const type = entry.requestHeaders?.get('content-type');
  if (type !== 'application/grpc' && !type?.startsWith('application/grpc+')) return undefined;
  return statusOf(entry);
}

/** Whatever the request was: of one that is not gRPC, too, the HTTP status stands for one. */
export function grpcStatusOf(entry: AccessLogEntry): number {
  return statusOf(entry) ?? UNKNOWN;
}

const UNKNOWN = 2;

function statusOf(entry: AccessLogEntry): number | undefined {
  const status = entry.responseTrailers?.get('grpc-status') ?? entry.responseHeaders?.get('grpc-status');
  if (status === undefined) return entry.responseCode > 0 ? grpcStatusOfHttp(entry.responseCode) : undefined;
  return /^[0-9]{1,9}$/.test(status) ? Number(status) : undefined;
}

/** A number without a name is written as it is. */
function named(entry: AccessLogEntry, write: (name: string) => string): string | undefined {
  const number = grpcStatusNumber(entry);
  if (number === undefined) return undefined;
  const name = GRPC_STATUS_NAMES[number];
  return name === undefined ? String(number) : write(name);
}

function camelCase(name: string): string {
  if (name === 'OK') return name;
  return name
    .split('_')
    .map((word) => word[0]! + word.slice(1).toLowerCase())
    .join('');
}
