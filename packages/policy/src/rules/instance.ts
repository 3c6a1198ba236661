// The configuration of an instance → a function from attributes to the instance that a handler gets.
import type { Instance, TemplateName } from '../adapters/adapter.ts';
import type { SpecReader } from '../adapters/spec-reader.ts';
import type { AttributeReader } from '../attributes/attribute-bag.ts';
import type { Vocabulary } from '../attributes/vocabulary.ts';
import type { CompiledExpression } from '../expr/compile.ts';
import { compiledExpression } from '../expr/compiled-expressions.ts';
import { ExpressionError, formatExpressionError } from '../expr/expression-error.ts';
import { formatValue } from '../values/format-value.ts';
import type { Value } from '../values/value.ts';

/** Throws ExpressionError EVALUATION. */
export type InstanceBuilder = (attributes: AttributeReader) => Instance;

/** Expressions by name, as an object of YAML has them. */
type Expressions = readonly (readonly [string, CompiledExpression])[];

export const TEMPLATE_NAMES = ['checknothing', 'listentry', 'logentry', 'metric', 'quota', 'reportnothing'] as const;

export function isTemplate(name: string): name is TemplateName {
  return (TEMPLATE_NAMES as readonly string[]).includes(name);
}

/** What is wrong with an expression is reported through the spec. */
export function instanceBuilder(
  template: TemplateName,
  name: string,
  spec: SpecReader,
  vocabulary: Vocabulary,
): InstanceBuilder {
  const one = (field: string): CompiledExpression | undefined =>
    compileField(spec, field, spec.text(field), vocabulary);
  switch (template) {
    case 'checknothing':
    case 'reportnothing':
      return () => ({ template, name });
    case 'listentry': {
      const value = one('value');
      return (attributes) => ({ template, name, value: textOf(value, attributes) });
    }
    case 'quota': {
      const dimensions = compileFields(spec, 'dimensions', vocabulary);
      return (attributes) => ({ template, name, dimensions: valuesOf(dimensions, attributes) });
    }
    case 'metric': {
      const [value, dimensions] = [one('value'), compileFields(spec, 'dimensions', vocabulary)];
      return (attributes) => {
        return {
          template,
          name,
          value: value?.evaluate(attributes) ?? 0n,
          dimensions: valuesOf(dimensions, attributes),
        };
      };
    }
    case 'logentry': {
      const [severity, timestamp] = [one('severity'), one('timestamp')];
      const variables = compileFields(spec, 'variables', vocabulary);
      return (attributes) => ({
        template,
        name,
        severity: textOf(severity, attributes),
        timestamp: timestamp?.evaluate(attributes),
        variables: valuesOf(variables, attributes),
      });
    }
  }
}

function compileFields(spec: SpecReader, field: string, vocabulary: Vocabulary): Expressions {
  return Object.entries(spec.fields(field)).flatMap(([name, text]) => {
    const compiled = compileField(spec, `${field}.${name}`, String(text), vocabulary);
    return compiled ? [[name, compiled] as const] : [];
  });
}

/** Undefined for an empty text, and for one that is refused. */
export function compileField(
  spec: SpecReader,
  field: string,
  text: string,
  vocabulary: Vocabulary,
): CompiledExpression | undefined {
  if (text.trim() === '') return undefined;
  try {
    return compiledExpression(text, vocabulary);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    spec.refuse(field, formatExpressionError(error));
    return undefined;
  }
}

function textOf(expression: CompiledExpression | undefined, attributes: AttributeReader): string {
  return expression ? formatValue(expression.evaluate(attributes)) : '';
}

function valuesOf(expressions: Expressions, attributes: AttributeReader): ReadonlyMap<string, Value> {
  return new Map(expressions.map(([name, expression]) => [name, expression.evaluate(attributes)] as const));
}
