// One request while an authorization server is asked about it: its body as far as the server sees it, the call, the verdict.
import type { Headers } from '@meltemi/wire';
import type { RunningCall } from '../../../call/http-call.ts';
import { PAYLOAD_TOO_LARGE } from '../../local-reply.ts';
import { localAnswer } from '../../own-answer.ts';
import type { FilteredResponse, FilteredStream, FilterStep, StreamFilter } from '../http-filter.ts';
import type { AuthzGate } from './authz-gate.ts';
import type { BodySettings } from './authz-settings.ts';
import type { Allowed, AuthzVerdict, Denied, HeaderEdit } from './authz-verdict.ts';
import { areEncoded, areSendable, changesRequest, editHeaders, editRequest } from './header-edits.ts';
import { withinRules } from './mutation-rules.ts';
import { type RouteCheck, routeCheckOf } from './route-check.ts';

const METADATA = 'envoy.filters.http.ext_authz';
const NO_EDITS: readonly HeaderEdit[] = [];

export class CheckedRequest implements StreamFilter {
  readonly #gate: AuthzGate;
  #check: RouteCheck | undefined;
  /** What of the body the server gets; undefined: nothing. */
  #body: BodySettings | undefined;
  #kept: Buffer[] = [];
  #size = 0;
  #asked = false;
  #askedMs = 0;
  #call: RunningCall | undefined;
  #responseEdits = NO_EDITS;

  constructor(gate: AuthzGate) {
    this.#gate = gate;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const { name, settings, stats } = this.#gate;
    if (stream.decision().kind === 'not-found') return 'next';
    this.#check = routeCheckOf(stream.routeConfigs(name));
    if (this.#check.disabled) return 'next';
    if (!this.#gate.isEnabled(stream)) {
      stats.disabled.increment();
      if (!settings.deniesWhenDisabled) return 'next';
      this.#gate.refuse(stream, settings.statusOnError, 'ext_authz_error');
      return 'answered';
    }
    const { head } = stream;
    const hasBody = head.bodyLength !== 0 && head.upgrade === undefined;
    if (hasBody && this.#check.body !== 'none') this.#body = this.#check.body ?? settings.body;
    return this.#body ? 'wait' : this.#ask(stream);
  }

  onRequestBody(chunk: Buffer, stream: FilteredStream): Buffer | undefined {
    if (!this.#body || this.#asked) return chunk;
    this.#size += chunk.length;
    if (this.#size > this.#body.maxBytes && !this.#body.partial) {
      this.#kept = [];
      stream.answer(localAnswer(PAYLOAD_TOO_LARGE));
      return undefined;
    }
    this.#kept.push(Buffer.from(chunk));
    if (this.#body.partial && this.#size >= this.#body.maxBytes) this.#ask(stream);
    return undefined;
  }

  onRequestEnd(_trailers: Headers | undefined, stream: FilteredStream): void {
    if (this.#body && !this.#asked) this.#ask(stream);
  }

  onResponse({ headers }: FilteredResponse): void {
    if (this.#responseEdits.length > 0) editHeaders(this.#responseEdits, headers);
  }

  onFinish(): void {
    this.#call?.cancel();
    this.#call = undefined;
    this.#kept = [];
  }

  #ask(stream: FilteredStream): FilterStep {
    const { settings, server, parts } = this.#gate;
    this.#asked = true;
    this.#askedMs = parts.clock.monotonic();
    const question = {
      entry: stream.entry,
      settings,
      contextExtensions: this.#check!.contextExtensions,
      body: this.#shownBody(),
    };
    try {
      this.#call = server.ask(question, parts, (verdict) => this.#onVerdict(verdict, stream));
      return 'wait';
    } catch (error) {
      parts.logger.warn(`ext_authz: a question could not be put: ${String(error)}`);
      this.#gate.stats.error.increment();
      this.#gate.refuse(stream, settings.statusOnError, 'ext_authz_error');
      return 'answered';
    }
  }

  #shownBody() {
    if (!this.#body) return undefined;
    const { maxBytes } = this.#body;
    const all = Buffer.concat(this.#kept);
    return { bytes: all.subarray(0, maxBytes), isPartial: all.length > maxBytes };
  }

  #onVerdict(verdict: AuthzVerdict, stream: FilteredStream): void {
    this.#call = undefined;
    try {
      this.#noteMetadata(verdict, stream);
      this.#obey(verdict, stream);
    } catch (error) {
      this.#gate.parts.logger.warn(`ext_authz: an answer could not be followed: ${String(error)}`);
      this.#reject(stream);
    }
  }

  #obey(verdict: AuthzVerdict, stream: FilteredStream): void {
    switch (verdict.kind) {
      case 'allowed':
        return this.#allow(verdict, stream);
      case 'denied':
        return this.#deny(verdict, stream);
      case 'failed':
        return this.#fail(stream);
    }
  }

  #noteMetadata(verdict: AuthzVerdict, { entry }: FilteredStream): void {
    if (verdict.kind === 'failed' || !verdict.metadata || Object.keys(verdict.metadata).length === 0) return;
    const { settings, stats, parts } = this.#gate;
    if (settings.config.enableDynamicMetadataIngestion === false) return stats.ignoredMetadata.increment();
    const duration = Math.floor(parts.clock.monotonic() - this.#askedMs);
    entry.addMetadata(METADATA, {
      ...verdict.metadata,
      ...(verdict.kind === 'allowed' ? { ext_authz_duration: duration } : {}),
    });
  }

  #allow(asked: Allowed, stream: FilteredStream): void {
    const { settings, stats } = this.#gate;
    const verdict = withinRules(asked, settings.mutationRules);
    if (!verdict) return this.#reject(stream);
    const isEncoded = !settings.config.validateMutations || areEncoded(verdict.setParameters);
    if (!areSendable(verdict.request, true) || !areSendable(verdict.response, false) || !isEncoded)
      return this.#reject(stream);
    this.#responseEdits = verdict.response;
    const isMoved = editRequest(verdict, stream.entry);
    // A decision says which path and authority the upstream gets.
    if (isMoved || (settings.config.clearRouteCache && changesRequest(verdict))) stream.clearDecision();
    stats.ok.increment();
    this.#resume(stream);
  }

  #deny(verdict: Denied, stream: FilteredStream): void {
    this.#gate.stats.denied.increment();
    const edits = verdict.headers.map(([name, value]) => ({ name, value, kind: 'add' as const }));
    if (!areSendable(edits, false)) return this.#reject(stream);
    const answer = localAnswer({
      status: verdict.status,
      body: verdict.body,
      flag: 'UAEX',
      details: 'ext_authz_denied',
    });
    const given = edits.filter(({ name }) => !FRAMING.has(name.toLowerCase()));
    for (const { name } of given) answer.headers.remove(name.toLowerCase());
    editHeaders(given, answer.headers);
    stream.answer(answer);
  }

  #fail(stream: FilteredStream): void {
    const { settings, stats } = this.#gate;
    stats.error.increment();
    if (!settings.config.failureModeAllow) {
      return this.#gate.refuse(stream, settings.statusOnError, 'ext_authz_error');
    }
    stats.failureModeAllowed.increment();
    if (settings.config.failureModeAllowHeaderAdd) {
      stream.entry.headers.append('x-envoy-auth-failure-mode-allowed', 'true');
    }
    this.#resume(stream);
  }

  /** What the server wants can't be done. */
  #reject(stream: FilteredStream): void {
    this.#gate.stats.invalid.increment();
    this.#gate.refuse(stream, 500, 'ext_authz_invalid');
  }

  #resume(stream: FilteredStream): void {
    const kept = this.#size > 0 ? Buffer.concat(this.#kept) : undefined;
    this.#kept = [];
    stream.resumeRequest(this, kept);
  }
}

/** The proxy frames the answer itself. */
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);
