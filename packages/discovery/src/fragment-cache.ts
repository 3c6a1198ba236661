// Keeps encoded resources by the input that they were made of, so that what did not change is not made again.
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { encodeFragment, type Fragment } from './fragment.ts';

/** How a kind of resource is made: the generator sees its input, and nothing else. */
export interface Generation<Input, Desc extends DescMessage> {
  readonly schema: Desc;
  readonly generate: (input: Input) => MessageShape<Desc>;
  /** What a receiver of the resource then waits for. */
  readonly uses: (input: Input) => readonly string[];
}

/** Entries that two snapshots in a row did not ask for are dropped. */
export class FragmentCache {
  #recent = new Map<string, Fragment>();
  #older = new Map<string, Fragment>();
  #misses = 0;

  /** How often a resource had to be made. */
  get misses(): number {
    return this.#misses;
  }

  get size(): number {
    return new Set([...this.#recent.keys(), ...this.#older.keys()]).size;
  }

  /** The resource of an input, made when it is not there. The input as JSON is the key. */
  fragment<Input extends { readonly name: string }, Desc extends DescMessage>(
    input: Input,
    generation: Generation<Input, Desc>,
  ): Fragment {
    const key = `${generation.schema.name} ${JSON.stringify(input)}`;
    const known = this.#recent.get(key) ?? this.#older.get(key);
    const fragment = known ?? this.#make(input, generation);
    this.#recent.set(key, fragment);
    return fragment;
  }

  /** Called once for each snapshot, before its first resource is asked for. */
  age(): void {
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  #make<Input extends { readonly name: string }, Desc extends DescMessage>(
    input: Input,
    { schema, generate, uses }: Generation<Input, Desc>,
  ): Fragment {
    this.#misses++;
    return encodeFragment(schema, input.name, generate(input), uses(input));
  }
}
