// The HTTP form of injection in Istio 0.2: YAML posted to /inject → the same YAML with sidecars.
import { formatProblem } from '@meltemi/base';

import { injectText } from './inject-text.ts';
import type { InjectSettings } from './settings.ts';

export interface InjectionRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string;
}

export interface InjectionAnswer {
  readonly status: 200 | 400 | 404 | 405 | 415;
  readonly contentType: string | undefined;
  readonly body: string;
}

const YAML_TYPE = 'application/yaml';

export function answerInjection(request: InjectionRequest, settings: InjectSettings): InjectionAnswer {
  if (request.path !== '/inject') return refuse(404, `${request.path}: only /inject is here`);
  if (request.method !== 'POST') return refuse(405, `${request.method}: only POST is allowed`);
  const type = request.contentType?.split(';')[0]?.trim().toLowerCase();
  if (type !== YAML_TYPE) return refuse(415, `content type ${type ?? 'missing'}: expected ${YAML_TYPE}`);
  const { text, problems } = injectText(request.body, settings, '<request>');
  if (problems.length > 0) return refuse(400, problems.map((problem) => formatProblem(problem)).join('\n'));
  return { status: 200, contentType: YAML_TYPE, body: text };
}

function refuse(status: InjectionAnswer['status'], message: string): InjectionAnswer {
  return { status, contentType: undefined, body: `${message}\n` };
}
