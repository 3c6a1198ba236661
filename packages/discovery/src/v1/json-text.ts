// A document → JSON text as Go's MarshalIndent writes it with prefix " " and indent " ".

/** Every line after the first has one extra blank; `<`, `>`, `&` and the line separators are escaped as Go does. */
export function jsonText(value: unknown): string {
  return goEscapes(JSON.stringify(value, undefined, 1)).replaceAll('\n', '\n ');
}

/** The form of files: two blanks an indent, no prefix. */
export function jsonFileText(value: unknown): string {
  return goEscapes(JSON.stringify(value, undefined, 2));
}

function goEscapes(text: string): string {
  return text.replaceAll(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** An object without its members that have no value. */
export function compact<Shape extends object>(shape: { readonly [Key in keyof Shape]: Shape[Key] | undefined }): Shape {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Shape;
}
