// Creates an object in an API server, its status too; waits while its kind is only being set up.
import { setTimeout as delay } from 'node:timers/promises';
import { type KubeClient, KubeError, kindByName } from '@meltemi/config';
import type { KubeObject } from '@meltemi/testkit';

const KIND_DEADLINE_MS = 20_000;
const POLL_MS = 50;

export async function createObject(client: KubeClient, object: KubeObject): Promise<void> {
  const { apiVersion, metadata } = object;
  const { status, ...body } = object;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const inside = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  const path = `${root}${inside}/${kindByName(object.kind)!.plural}`;
  const deadline = performance.now() + KIND_DEADLINE_MS;
  for (;;) {
    try {
      await client.request({ method: 'POST', path, body });
      break;
    } catch (error) {
      const unknown = error instanceof KubeError && error.status === 404;
      if (!unknown || performance.now() > deadline) throw error;
      await delay(POLL_MS);
    }
  }
  if (status) await client.request({ method: 'PATCH', path: `${path}/${metadata.name}/status`, body: { status } });
}
