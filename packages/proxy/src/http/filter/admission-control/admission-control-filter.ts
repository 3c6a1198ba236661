// Refuses a share of the requests as long as too many of them fail.
import { fromBinary } from '@bufbuild/protobuf';
import { AdmissionControlSchema } from '@meltemi/api/envoy/extensions/filters/http/admission_control/v3/admission_control_pb';
import type { Dice } from '@meltemi/base';
import type { Counter, StatsScope } from '@meltemi/telemetry';
import type { Headers } from '@meltemi/wire';
import { localAnswer } from '../../own-answer.ts';
import type { HttpFilterParts, HttpFilterType } from '../filter-type.ts';
import type { FilteredResponse, FilteredStream, FilterStep, HttpFilter, StreamFilter } from '../http-filter.ts';
import { type AdmissionSettings, admissionSettings } from './admission-settings.ts';
import { rejectionProbability } from './rejection-probability.ts';
import { RequestHistory } from './request-history.ts';

export const ADMISSION_CONTROL_FILTER: HttpFilterType = {
  typeName: AdmissionControlSchema.typeName,
  compile: (name, config, parts) =>
    new AdmissionControlFilter(name, admissionSettings(fromBinary(AdmissionControlSchema, config)), parts),
};

const DENIED = { status: 503, body: '', flag: '', details: 'denied_by_admission_control' };
/** Envoy's probabilities have four digits. */
const ACCURACY = 10_000;

class AdmissionControlFilter implements HttpFilter {
  readonly name: string;
  readonly settings: AdmissionSettings;
  readonly rejected: Counter;
  readonly #history: RequestHistory;
  readonly #dice: Dice;
  readonly #succeeded: Counter;
  readonly #failed: Counter;
  readonly #scope: StatsScope;

  constructor(name: string, settings: AdmissionSettings, { clock, dice, stats, statPrefix }: HttpFilterParts) {
    this.name = name;
    this.settings = settings;
    this.#history = new RequestHistory(clock, settings.windowMs);
    this.#dice = dice;
    this.#scope = stats.scope('http', { http_conn_manager_prefix: statPrefix });
    this.rejected = this.#scope.counter('admission_control.rq_rejected');
    this.#succeeded = this.#scope.counter('admission_control.rq_success');
    this.#failed = this.#scope.counter('admission_control.rq_failure');
  }

  open({ entry }: FilteredStream): StreamFilter | undefined {
    return this.settings.enabled && !entry.healthCheck ? new AdmittedRequest(this) : undefined;
  }

  close(): void {
    this.#scope.close();
  }

  admits(): boolean {
    if (this.#history.rps < this.settings.rpsThreshold) return true;
    const probability = rejectionProbability(this.#history.counts, this.settings);
    return ACCURACY * probability <= Math.floor(this.#dice.roll() * ACCURACY);
  }

  record(success: boolean): void {
    this.#history.record(success);
    (success ? this.#succeeded : this.#failed).increment();
  }
}

class AdmittedRequest implements StreamFilter {
  readonly #filter: AdmissionControlFilter;
  #admitted = false;
  #waitsForTrailers = false;

  constructor(filter: AdmissionControlFilter) {
    this.#filter = filter;
  }

  onRequest(stream: FilteredStream): FilterStep {
    this.#admitted = this.#filter.admits();
    if (this.#admitted) return 'next';
    this.#filter.rejected.increment();
    stream.answer(localAnswer(DENIED));
    return 'answered';
  }

  onResponse({ status, headers, bodyLength }: FilteredResponse): void {
    if (!this.#admitted) return;
    if (!isGrpc(status, headers, bodyLength === 0)) this.#filter.record(this.#filter.settings.httpSucceeded(status));
    else if (headers.has('grpc-status')) this.#recordGrpc(headers);
    else this.#waitsForTrailers = true;
  }

  onResponseEnd(trailers: Headers | undefined): Headers | undefined {
    if (this.#waitsForTrailers && trailers) this.#recordGrpc(trailers);
    return trailers;
  }

  #recordGrpc(fields: Headers): void {
    this.#filter.record(this.#filter.settings.grpcSucceeded.has(Number(fields.get('grpc-status') ?? NaN)));
  }
}

function isGrpc(status: number, headers: Headers, bodyless: boolean): boolean {
  if (bodyless) return headers.has('grpc-status');
  const type = headers.get('content-type') ?? '';
  return status === 200 && (type === 'application/grpc' || type.startsWith('application/grpc+'));
}
