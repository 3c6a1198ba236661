// A Kubernetes API server's question whether an object may be written → the answer, by the same checks as everywhere.
// https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
import { formatProblem, hasErrors, type Problem, type Source } from '@meltemi/base';

import { decodeResource } from './decode-resource.ts';
import { isRecord, type LocatedDocument } from './document.ts';
import { CODE } from './problem-code.ts';

/** Of admission.k8s.io v1 or v1beta1. */
export interface AdmissionReview {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly request?: {
    readonly uid?: string;
    readonly operation?: string;
    readonly namespace?: string;
    readonly object?: unknown;
  };
}

/** `status.message` names each mistake and the field that it is in. */
export interface AdmissionAnswer {
  readonly apiVersion: string;
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly message: string };
    readonly warnings?: readonly string[];
  };
}

/** Objects that are written are checked; that one goes is nobody's mistake. */
export function answerReview(review: AdmissionReview): AdmissionAnswer {
  const { request } = review;
  if (!request) return answer(review, [mistake('the review has no request')]);
  const isWritten = request.operation === 'CREATE' || request.operation === 'UPDATE';
  if (!isWritten) return answer(review, []);
  if (!isRecord(request.object)) return answer(review, [mistake('the request has no object')]);
  return answer(review, decodeResource(documentOf(request.object), request.namespace || 'default').problems);
}

function answer({ apiVersion = 'admission.k8s.io/v1', request }: AdmissionReview, problems: readonly Problem[]) {
  const said = (severity: Problem['severity']): readonly string[] =>
    problems.filter((problem) => problem.severity === severity).map(formatAtField);
  const allowed = !hasErrors(problems);
  const warnings = said('warning');
  return {
    apiVersion,
    kind: 'AdmissionReview',
    response: {
      uid: request?.uid ?? '',
      allowed,
      ...(!allowed && { status: { code: 400, message: said('error').join('; ') } }),
      // Version v1beta1 has no such field in old API servers, which pass it over.
      ...(warnings.length > 0 && { warnings }),
    },
  } as const satisfies AdmissionAnswer;
}

/** The object comes without a file: its fields are the only places. */
function formatAtField({ severity, code, path, message, resource, hint }: Problem): string {
  const about = { ...(resource && { resource }), ...(hint !== undefined && { hint }) };
  return formatProblem({ severity, code, message: path ? `${path}: ${message}` : message, ...about });
}

function documentOf(value: unknown): LocatedDocument {
  return { value, source: NOWHERE, locate: () => NOWHERE, locateKey: () => NOWHERE };
}

const NOWHERE: Source = { file: '', line: 1, column: 1 };

function mistake(message: string): Problem {
  return { severity: 'error', code: CODE.syntax, message };
}
