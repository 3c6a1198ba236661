// Mixer's REST API of Istio 0.1 for its configuration: rules of scopes and subjects, adapters, descriptors.
import { parseDocuments } from '@meltemi/config';
import { type Context, Hono } from 'hono';

import { STATUS } from '../adapters/adapter.ts';

import type { AspectSubject } from './aspect-rules.ts';
import { AspectError, type AspectStore, type ScopeList } from './aspect-store.ts';

const MAX_BYTES = 1 << 20;
const OK = { code: STATUS.OK, message: '' };

/** Bodies are YAML or JSON. Answers: `{data, status: {code, message}}`, with codes of google.rpc.Code. */
export function configApi(aspects: AspectStore): Hono {
  const api = new Hono().basePath('/api/v1');
  api.get('/scopes', (context) => context.json({ data: { scopes: aspects.scopes }, status: OK }));
  api.get('/scopes/:scope/subjects/:subject/rules', (context) => found(context, aspects.rules(subjectOf(context))));
  api.put('/scopes/:scope/subjects/:subject/rules', (context) =>
    written(context, (text) => aspects.putRules(subjectOf(context), text)),
  );
  api.delete('/scopes/:scope/subjects/:subject/rules', async (context) =>
    (await aspects.deleteRules(subjectOf(context))) ? context.json({ data: null, status: OK }) : missing(context),
  );
  for (const list of ['adapters', 'descriptors'] as const) addList(api, list, aspects);
  return api;
}

function addList(api: Hono, list: ScopeList, aspects: AspectStore): void {
  api.get(`/scopes/:scope/${list}`, (context) => found(context, aspects.list(list, context.req.param('scope'))));
  api.put(`/scopes/:scope/${list}`, (context) =>
    written(context, (text) => aspects.putList(list, context.req.param('scope'), text)),
  );
}

function subjectOf(context: Context): AspectSubject {
  return { scope: context.req.param('scope') ?? '', subject: context.req.param('subject') ?? '' };
}

function found(context: Context, text: string | undefined): Response {
  if (text === undefined) return missing(context);
  const [document] = parseDocuments(text, 'document').documents;
  return context.json({ data: document?.value ?? null, status: OK } as object);
}

async function written(context: Context, write: (text: string) => Promise<void>): Promise<Response> {
  const text = await context.req.text();
  if (text.length > MAX_BYTES) return refused(context, 'it is too large');
  try {
    await write(text);
    return found(context, text);
  } catch (error) {
    if (!(error instanceof AspectError)) throw error;
    return refused(context, error.message);
  }
}

function refused(context: Context, message: string): Response {
  return context.json({ data: null, status: { code: STATUS.INVALID_ARGUMENT, message } }, 400);
}

function missing(context: Context): Response {
  return context.json({ data: null, status: { code: STATUS.NOT_FOUND, message: 'it is not there' } }, 404);
}
