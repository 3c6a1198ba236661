// Millionths → the smallest fraction that says the same.
import { create } from '@bufbuild/protobuf';
import {
  type FractionalPercent,
  FractionalPercent_DenominatorType,
  FractionalPercentSchema,
} from '@meltemi/api/envoy/type/v3/percent_pb';

export function fractionalPercent(millionths: number): FractionalPercent {
  const { HUNDRED, MILLION } = FractionalPercent_DenominatorType;
  return millionths % 10_000 === 0
    ? create(FractionalPercentSchema, { numerator: millionths / 10_000, denominator: HUNDRED })
    : create(FractionalPercentSchema, { numerator: millionths, denominator: MILLION });
}
