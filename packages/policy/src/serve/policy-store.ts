// Views of the configuration → the policy that holds now. A resource that goes bad is served as it last was good.
import { formatProblem, type Logger, type Problem } from '@meltemi/base';
import type { ConfigView } from '@meltemi/config';

import type { AdapterWorld } from '../adapters/create-handler.ts';
import { type Manifest, Vocabulary } from '../attributes/vocabulary.ts';
import { compilePolicy } from '../rules/compile-policy.ts';
import { HandlerStore } from '../rules/handler-store.ts';
import { type GoodResources, lastGoodPolicy } from '../rules/last-good.ts';
import { policyEngine, type PolicyEngine } from '../rules/policy-engine.ts';

import { viewManifest, viewResources } from './view-resources.ts';

/** Immutable: a request ends on the one it began with. */
export interface ActivePolicy {
  readonly vocabulary: Vocabulary;
  readonly engine: PolicyEngine;
  /** Of the policy, and errors of the configuration that it was read from. */
  readonly problems: readonly Problem[];
  readonly counts: { readonly attributes: number; readonly resources: number; readonly rules: number };
}

export interface PolicyStoreOptions {
  readonly world: AdapterWorld;
  /** Rules of this namespace are for all requests. */
  readonly configNamespace: string;
  /** Attributes where the configuration declares none. */
  readonly manifest: Manifest;
  readonly logger: Logger;
}

export class PolicyStore {
  readonly #options: PolicyStoreOptions;
  readonly #handlers = new HandlerStore();
  #good: GoodResources = new Map();
  #said: ReadonlySet<string> = new Set();
  #vocabulary: { readonly said: string; readonly vocabulary: Vocabulary } | undefined;
  #current: ActivePolicy;

  constructor(options: PolicyStoreOptions, view: ConfigView) {
    this.#options = options;
    this.#current = this.#activate(view);
  }

  get current(): ActivePolicy {
    return this.#current;
  }

  update(view: ConfigView): void {
    this.#current = this.#activate(view);
  }

  close(): void {
    this.#handlers.close();
  }

  #activate(view: ConfigView): ActivePolicy {
    const { world, configNamespace, manifest, logger } = this.#options;
    const vocabulary = this.#vocabularyOf(viewManifest(view, manifest));
    const resources = viewResources(view);
    const { policy, good, ...found } = lastGoodPolicy(resources, this.#good, (all) =>
      compilePolicy(all, vocabulary, world, this.#handlers),
    );
    this.#handlers.closeUnused();
    this.#good = good;
    const problems = [...found.problems, ...view.problems.filter(({ severity }) => severity === 'error')];
    this.#say(problems);
    return {
      vocabulary,
      engine: policyEngine(policy, configNamespace, logger),
      problems,
      counts: { attributes: vocabulary.names.length, resources: resources.length, rules: policy.rules.length },
    };
  }

  /** The one that is there, where it says the same: what was compiled for it stays. */
  #vocabularyOf(manifest: Manifest): Vocabulary {
    const said = JSON.stringify(manifest);
    if (this.#vocabulary?.said !== said) this.#vocabulary = { said, vocabulary: new Vocabulary(manifest) };
    return this.#vocabulary.vocabulary;
  }

  /** Each problem once, until it is gone. */
  #say(problems: readonly Problem[]): void {
    const lines = problems.map(formatProblem);
    for (const line of lines) if (!this.#said.has(line)) this.#options.logger.warn(line);
    this.#said = new Set(lines);
  }
}
