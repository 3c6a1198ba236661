// Values of OTLP in a configuration → functions from an entry to values: their texts are formats.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type AnyValue,
  AnyValueSchema,
  type KeyValue,
  type KeyValueList,
  KeyValueSchema,
} from '@meltemi/api/opentelemetry/proto/common/v1/common_pb';
import { type AccessLogEntry, compileLogValue, type OperatorContext } from '@meltemi/telemetry';

export type RenderValue = (entry: AccessLogEntry) => AnyValue;
export type RenderFields = (entry: AccessLogEntry) => KeyValue[];

/** Throws AccessLogError. */
export function compileValue(value: AnyValue, context: OperatorContext): RenderValue {
  const { value: kind } = value;
  switch (kind.case) {
    case 'stringValue': {
      const text = compileLogValue(kind.value, context);
      return (entry) => anyValue({ case: 'stringValue', value: text(entry) });
    }
    case 'arrayValue': {
      const items = kind.value.values.map((item) => compileValue(item, context));
      return (entry) => anyValue({ case: 'arrayValue', value: { values: items.map((item) => item(entry)) } });
    }
    case 'kvlistValue': {
      const fields = compileFields(kind.value, context);
      return (entry) => anyValue({ case: 'kvlistValue', value: { values: fields(entry) } });
    }
    default:
      return () => value;
  }
}

/** Throws AccessLogError. */
export function compileFields(list: KeyValueList | undefined, context: OperatorContext): RenderFields {
  const fields = (list?.values ?? []).map(({ key, value }) => ({
    key,
    render: compileValue(value ?? create(AnyValueSchema), context),
  }));
  return (entry) => fields.map(({ key, render }) => create(KeyValueSchema, { key, value: render(entry) }));
}

/** A field with a text. */
export function textField(key: string, value: string): KeyValue {
  return create(KeyValueSchema, { key, value: anyValue({ case: 'stringValue', value }) });
}

function anyValue(value: MessageInitShape<typeof AnyValueSchema>['value'] & object): AnyValue {
  return create(AnyValueSchema, { value });
}
