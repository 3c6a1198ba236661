// A real istiod and our pilot-discovery side by side in one sandbox, on the same objects: what a node gets from each.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '@meltemi/base';
import { Istiod, type KubeClient, type KubeObject, Sandbox, startKubeApiserver } from '@meltemi/testkit';
import { InProcessPilot } from './in-process-pilot.ts';
import { root } from './mesh-under-test.ts';
import { type Collected, type CollectedNode, collectAll, type Wish } from './xds-collect.ts';

export interface BesideOptions {
  /** What the platform runs: goes to the API server and to our directory. */
  readonly objects: readonly KubeObject[];
  readonly meshConfig: object;
}

/** What both answered, by node id. */
export interface BothAnswers {
  readonly istiod: Collected;
  readonly ours: Collected;
  /** What ours refused. */
  readonly problems: readonly Problem[];
}

/** Without its own filters, which a stock Envoy does not have. */
const ISTIOD_ENVIRONMENT = {
  PILOT_ENABLE_METADATA_EXCHANGE: 'false',
  PILOT_ENABLE_ALPN_FILTER: 'false',
  // Rules lie in files, where nobody writes a status: it gives addresses by hashes of names.
  PILOT_ENABLE_IP_AUTOALLOCATE: 'false',
};
const ISTIOD_GRPC_PORT = 15_010;
/** The first rule that both must have taken before answers are compared: a ServiceEntry of this host. */
const MARKER = 'marker.example';

export class IstiodBesideOurs {
  readonly #sandbox: Sandbox;
  readonly #istiod: Istiod;
  readonly #ours: InProcessPilot;
  #round = 0;

  private constructor(sandbox: Sandbox, istiod: Istiod, ours: InProcessPilot) {
    this.#sandbox = sandbox;
    this.#istiod = istiod;
    this.#ours = ours;
  }

  /** Resolves when both are ready. */
  static async start({ objects, meshConfig }: BesideOptions): Promise<IstiodBesideOurs> {
    const sandbox = await Sandbox.start();
    try {
      const kubernetes = await startKubeApiserver(sandbox, {
        kubeApiserver: process.env['MELTEMI_REAL_KUBE_APISERVER']!,
        etcd: process.env['MELTEMI_ETCD']!,
      });
      for (const object of objects) {
        const { status, ...rest } = object;
        await kubernetes.client.create(rest);
        if (status) await kubernetes.client.replaceStatus(object, status);
      }
      const istiod = await Istiod.start(sandbox, {
        program: process.env['MELTEMI_REAL_PILOT_DISCOVERY']!,
        kubeconfig: kubernetes.kubeconfig,
        meshConfig,
        env: ISTIOD_ENVIRONMENT,
      });
      const ours = await InProcessPilot.start(meshConfig);
      const all = [...objects, ...(await ownObjects(kubernetes.client))];
      ours.apply('objects', all.map((object) => JSON.stringify(object)).join('\n---\n'));
      return new IstiodBesideOurs(sandbox, istiod, ours);
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  }

  /** Puts the rules in the place of those before, and asks both for all that each node is to have. */
  async answers(rules: readonly object[], nodes: readonly CollectedNode[]): Promise<BothAnswers> {
    const marker = `r${++this.#round}.${MARKER}`;
    const text = [...rules, markerEntry(marker)].map((rule) => JSON.stringify(rule)).join('\n---\n');
    this.#istiod.apply('rules', text);
    this.#ours.apply('rules', text);
    const wish = { marker: `outbound|80||${marker}`, nodes };
    const [istiod, own] = await Promise.all([
      this.#ofIstiod({ ...wish, port: ISTIOD_GRPC_PORT }),
      collectAll({ ...wish, port: this.#ours.port }),
    ]);
    return { istiod, ours: own, problems: this.#ours.problems() };
  }

  async close(): Promise<void> {
    await this.#ours.close();
    await this.#sandbox.close();
  }

  /** It listens in the sandbox: so does who asks. */
  async #ofIstiod(wish: Wish): Promise<Collected> {
    const [asked, answer] = ['wish.json', 'answer.json'].map((name) => join(this.#sandbox.directory, name)) as [
      string,
      string,
    ];
    writeFileSync(asked, JSON.stringify(wish));
    const script = join(root, 'test/support/xds-collect.ts');
    await this.#sandbox.complete({ command: [process.execPath, script, asked, answer] });
    return JSON.parse(readFileSync(answer, 'utf8')) as Collected;
  }
}

/** The service that the API server makes of itself. */
async function ownObjects(client: KubeClient): Promise<object[]> {
  const service = await client.request('GET', '/api/v1/namespaces/default/services/kubernetes');
  const slice = await client.request('GET', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes');
  return [
    { ...(service as object), apiVersion: 'v1', kind: 'Service' },
    { ...(slice as object), apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
  ];
}

/** Every namespace sees it, whatever its Sidecar says. */
function markerEntry(host: string): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'zz-marker', namespace: 'marker' },
    spec: {
      hosts: [host],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
      exportTo: ['*'],
    },
  };
}
