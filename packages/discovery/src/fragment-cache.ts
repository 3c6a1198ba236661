// Keeps encoded resources by the input that they were made of, so that what did not change is not made again.
import { hash } from 'node:crypto';
import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { encodeFragment, type Fragment } from './fragment.ts';

/** How a kind of resource is made: the generator sees its input, and nothing else. */
export interface Generation<Input, Desc extends DescMessage> {
  readonly schema: Desc;
  readonly generate: (input: Input) => MessageShape<Desc>;
  /** Encodes the resource from parts that are encoded already; undefined: this one has to be generated as a whole. */
  readonly compose?: (input: Input) => Uint8Array | undefined;
  /** What a receiver of the resource then waits for. */
  readonly uses: (input: Input) => readonly string[];
}

/** Resources that nobody has any more are forgotten. */
export class FragmentCache {
  readonly #fragments = new Map<string, WeakRef<Fragment>>();
  readonly #gone = new FinalizationRegistry<string>((key) => {
    if (!this.#fragments.get(key)?.deref()) this.#fragments.delete(key);
  });
  readonly #byInput = new Map<DescMessage, WeakMap<object, Fragment>>();
  #misses = 0;

  /** How often a resource had to be made. */
  get misses(): number {
    return this.#misses;
  }

  /** The resource of an input, made when it is not there. The input as JSON is the key. */
  fragment<Input extends { readonly name: string }, Desc extends DescMessage>(
    input: Input,
    generation: Generation<Input, Desc>,
  ): Fragment {
    const byInput = this.#byInput.get(generation.schema) ?? new WeakMap<object, Fragment>();
    this.#byInput.set(generation.schema, byInput);
    const fragment = byInput.get(input) ?? this.#composed(input, generation) ?? this.#generated(input, generation);
    byInput.set(input, fragment);
    return fragment;
  }

  #composed<Input extends { readonly name: string }, Desc extends DescMessage>(
    input: Input,
    { schema, compose, uses }: Generation<Input, Desc>,
  ): Fragment | undefined {
    const bytes = compose?.(input);
    if (!bytes) return undefined;
    const fragment = encodeFragment(schema, input.name, bytes, uses(input));
    const key = `${schema.name} ${fragment.name} ${fragment.version}`;
    return this.#fragments.get(key)?.deref() ?? this.#keep(key, fragment);
  }

  #generated<Input extends { readonly name: string }, Desc extends DescMessage>(
    input: Input,
    { schema, generate, uses }: Generation<Input, Desc>,
  ): Fragment {
    const key = `${schema.name} ${hash('sha256', JSON.stringify(input), 'base64')}`;
    const known = this.#fragments.get(key)?.deref();
    if (known) return known;
    return this.#keep(key, encodeFragment(schema, input.name, toBinary(schema, generate(input)), uses(input)));
  }

  #keep(key: string, fragment: Fragment): Fragment {
    this.#misses++;
    this.#fragments.set(key, new WeakRef(fragment));
    this.#gone.register(fragment, key);
    return fragment;
  }
}
