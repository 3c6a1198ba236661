// Cuts a stream of JSON objects into the objects, whatever stands between them.

/** Feed it text as it comes; it gives each object once it is whole. */
export class TraceSplitter {
  #text = '';
  /** Up to where the text was looked at. */
  #at = 0;
  #depth = 0;
  #quoted = false;

  /** Throws SyntaxError for what is not JSON. */
  push(text: string): readonly unknown[] {
    this.#text += text;
    const objects: unknown[] = [];
    for (; this.#at < this.#text.length; this.#at++) {
      if (!this.#endsAt(this.#text[this.#at]!)) continue;
      objects.push(JSON.parse(this.#text.slice(0, this.#at + 1)));
      this.#text = this.#text.slice(this.#at + 1);
      this.#at = -1;
    }
    return objects;
  }

  /** Whether an object ends with this character. */
  #endsAt(character: string): boolean {
    if (this.#quoted) {
      // What is escaped is skipped, also where it has not come yet.
      if (character === '\\') this.#at++;
      else if (character === '"') this.#quoted = false;
      return false;
    }
    if (character === '"') this.#quoted = true;
    if (character === '{') this.#depth++;
    if (character === '}') this.#depth--;
    return character === '}' && this.#depth === 0;
  }
}
