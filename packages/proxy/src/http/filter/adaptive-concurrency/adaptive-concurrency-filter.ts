// Refuses requests above the number that the upstreams bear at a time, as their latencies tell.
import { fromBinary } from '@bufbuild/protobuf';
import {
  type AdaptiveConcurrency,
  AdaptiveConcurrencySchema,
} from '@meltemi/api/envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency_pb';
import type { Clock } from '@meltemi/base';
import type { StatsScope } from '@meltemi/telemetry';
import type { Headers } from '@meltemi/wire';
import { FilterConfigError } from '../../http-config-error.ts';
import { localAnswer } from '../../own-answer.ts';
import type { HttpFilterParts, HttpFilterType } from '../filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from '../http-filter.ts';
import { GradientController } from './gradient-controller.ts';
import { gradientSettings } from './gradient-settings.ts';

export const ADAPTIVE_CONCURRENCY_FILTER: HttpFilterType = {
  typeName: AdaptiveConcurrencySchema.typeName,
  compile: (name, config, parts) =>
    new AdaptiveConcurrencyFilter(name, fromBinary(AdaptiveConcurrencySchema, config), parts),
};

const UNAVAILABLE = 503;

class AdaptiveConcurrencyFilter implements HttpFilter {
  readonly name: string;
  readonly #enabled: boolean;
  readonly #status: number;
  readonly #clock: Clock;
  readonly #scope: StatsScope;
  readonly #controller: GradientController;

  constructor(name: string, config: AdaptiveConcurrency, { clock, dice, stats, statPrefix }: HttpFilterParts) {
    const { concurrencyControllerConfig: controller } = config;
    const status: number = config.concurrencyLimitExceededStatus?.code ?? 0;
    if (controller.case !== 'gradientControllerConfig')
      throw new FilterConfigError('BAD_FILTER', 'adaptive_concurrency: gradient_controller_config is missing');
    const settings = gradientSettings(controller.value);
    this.name = name;
    this.#enabled = config.enabled?.defaultValue ?? true;
    this.#status = status >= 400 ? status : UNAVAILABLE;
    this.#clock = clock;
    this.#scope = stats.scope('http', { http_conn_manager_prefix: statPrefix });
    this.#controller = new GradientController(settings, { clock, dice }, this.#scope);
  }

  open(): StreamFilter | undefined {
    return this.#enabled ? new CountedRequest(this.#controller, this.#clock, this.#status) : undefined;
  }

  close(): void {
    this.#controller.close();
    this.#scope.close();
  }
}

class CountedRequest implements StreamFilter {
  readonly #controller: GradientController;
  readonly #clock: Clock;
  readonly #status: number;
  #startedMs: number | undefined;
  #complete = false;

  constructor(controller: GradientController, clock: Clock, status: number) {
    this.#controller = controller;
    this.#clock = clock;
    this.#status = status;
  }

  onRequest(stream: FilteredStream): FilterStep {
    if (stream.entry.healthCheck) return 'next';
    if (this.#controller.enter()) {
      this.#startedMs = this.#clock.monotonic();
      return 'next';
    }
    const body = 'reached concurrency limit';
    stream.answer(localAnswer({ status: this.#status, body, flag: '', details: 'reached_concurrency_limit' }));
    return 'answered';
  }

  onResponseEnd(trailers: Headers | undefined): Headers | undefined {
    this.#complete = true;
    return trailers;
  }

  onFinish(): void {
    if (this.#startedMs === undefined) return;
    if (this.#complete) this.#controller.record(this.#startedMs);
    else this.#controller.cancel();
  }
}
