// The YAML parser, in a module of its own that is loaded only where a text is YAML: a bundle can't import a CommonJS package late by name.
export { isNode, LineCounter, parseDocument } from 'yaml';
