import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StatKindError } from './held-stat.ts';
import { StatsStore } from './stats-store.ts';

describe('StatsStore', () => {
  it('gives the same cell for the same name, across scopes', () => {
    const stats = new StatsStore();
    const first = stats.scope('cluster', { cluster_name: 'a' }).counter('upstream_rq_total');
    first.increment();
    assert.equal(stats.scope('cluster', { cluster_name: 'a' }).counter('upstream_rq_total').value, 1);
  });

  it('names a stat as Envoy does, in text and for Prometheus', () => {
    const stats = new StatsStore();
    const cluster = stats.scope('cluster', { cluster_name: 'outbound|80||a.b' });
    cluster.counter('upstream_rq_total');
    cluster.counter('upstream_rq_2xx');
    cluster.counter('upstream_rq_503');
    cluster.gauge('circuit_breakers.default.cx_open');
    stats
      .scope('listener', { listener_address: '0.0.0.0_80' })
      .scope('http', { http_conn_manager_prefix: 'in' })
      .counter('downstream_rq_4xx');
    stats.scope('control_plane').gauge('connected_state');
    const owner = { envoy_cluster_name: 'outbound|80||a.b' };
    assert.deepEqual(
      stats.list().map((stat) => stat.name),
      [
        {
          text: 'cluster.outbound|80||a.b.circuit_breakers.default.cx_open',
          metric: 'envoy_cluster_circuit_breakers_default_cx_open',
          labels: owner,
        },
        {
          text: 'cluster.outbound|80||a.b.upstream_rq_2xx',
          metric: 'envoy_cluster_upstream_rq_xx',
          labels: { ...owner, envoy_response_code_class: '2' },
        },
        {
          text: 'cluster.outbound|80||a.b.upstream_rq_503',
          metric: 'envoy_cluster_upstream_rq',
          labels: { ...owner, envoy_response_code: '503' },
        },
        {
          text: 'cluster.outbound|80||a.b.upstream_rq_total',
          metric: 'envoy_cluster_upstream_rq_total',
          labels: owner,
        },
        { text: 'control_plane.connected_state', metric: 'envoy_control_plane_connected_state', labels: {} },
        {
          text: 'listener.0.0.0.0_80.http.in.downstream_rq_4xx',
          metric: 'envoy_listener_http_downstream_rq_xx',
          labels: {
            envoy_listener_address: '0.0.0.0_80',
            envoy_http_conn_manager_prefix: 'in',
            envoy_response_code_class: '4',
          },
        },
      ],
    );
  });

  it('keeps a stat until the last scope that holds it closes, nested ones too', () => {
    const stats = new StatsStore();
    const one = stats.scope('cluster', { cluster_name: 'a' });
    const two = stats.scope('cluster', { cluster_name: 'a' });
    one.counter('x');
    one.counter('x');
    two.counter('x');
    two.scope('ssl').counter('handshake');
    one.close();
    assert.deepEqual(
      stats.list().map((stat) => stat.name.text),
      ['cluster.a.ssl.handshake', 'cluster.a.x'],
    );
    two.close();
    assert.deepEqual(stats.list(), []);
  });

  it('refuses a name for another kind', () => {
    const stats = new StatsStore();
    stats.scope('server').counter('x');
    assert.throws(() => stats.scope('server').gauge('x'), { code: 'STAT_KIND' });
    assert.equal(new StatKindError('a', 'counter', 'gauge').message, 'stat a is a counter, not a gauge');
  });

  it('resets counters and leaves gauges', () => {
    const stats = new StatsStore();
    const scope = stats.scope('server');
    scope.counter('c').add(5);
    scope.gauge('g').set(7);
    stats.resetCounters();
    assert.deepEqual([scope.counter('c').value, scope.gauge('g').value], [0, 7]);
  });

  it('names labels without a prefix where the bootstrap names its tags', () => {
    const stats = new StatsStore({ tagPrefix: '' });
    stats.scope('cluster', { cluster_name: 'a' }).counter('upstream_rq_5xx');
    assert.deepEqual(stats.list()[0]!.name.labels, { cluster_name: 'a', response_code_class: '5' });
  });
});
