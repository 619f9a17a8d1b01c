import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleText, startTestDaemon } from '../../test/support/daemon.ts';

/** Series of a page by their text before the value. */
function parsePage(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

test('the metrics of a running daemon', async (t) => {
  const daemon = await startTestDaemon();
  t.after(() => daemon.stop());
  daemon.network.set('10.0.0.2', { t: 'refusing' });
  await daemon.clock.advance(10_000);
  const series = parsePage(await daemon.metrics.render());
  assert.equal(series.get('maglev_backend_state{backend="b1",state="up"}'), 1);
  assert.equal(series.get('maglev_backend_state{backend="b1",state="down"}'), 0);
  assert.equal(series.get('maglev_backend_health{backend="b1"}'), 4);
  assert.equal(series.get('maglev_backend_enabled{backend="b3"}'), 0);
  assert.equal(series.get('maglev_frontend_state{frontend="www",state="up"}'), 1);
  const weight = '{frontend="www",pool="primary",backend="b2"}';
  assert.equal(series.get(`maglev_frontend_pool_backend_weight${weight}`), 50);
  assert.equal(series.get(`maglev_frontend_pool_backend_effective_weight${weight}`), 0);
  const passes = series.get('maglev_probe_total{backend="b1",type="http",result="pass",code="L7OK"}') ?? 0;
  assert.ok(passes >= 9 && passes <= 12, `${passes}`);
  assert.equal(series.get('maglev_probe_duration_seconds_count{backend="b1",type="http"}'), passes);
  assert.equal(
    series.get('maglev_probe_duration_seconds_bucket{backend="b1",type="http",le="+Inf"}'),
    passes,
  );
  assert.ok((series.get('maglev_probe_total{backend="b2",type="http",result="fail",code="L4CON"}') ?? 0) > 0);
  assert.equal(series.get('maglev_probe_late_total{backend="b1"}'), 0);
  assert.equal(series.get('maglev_backend_transitions_total{backend="b2",from="unknown",to="down"}'), 1);
  assert.equal(series.get('maglev_config_last_reload_successful'), 1);
  assert.ok((series.get('process_cpu_seconds_total') ?? 0) > 0);
  assert.ok((series.get('process_open_fds') ?? 0) > 3);
  const started = series.get('maglev_probe_schedule_lag_seconds_count') ?? 0;
  assert.ok(started >= passes);
});

test('series of a removed backend disappear; a refused reload shows', async (t) => {
  const daemon = await startTestDaemon();
  t.after(() => daemon.stop());
  await daemon.clock.advance(3000);
  daemon.setFile('maglev: {');
  await daemon.reload();
  assert.equal(parsePage(await daemon.metrics.render()).get('maglev_config_last_reload_successful'), 0);
  daemon.setFile(exampleText.replace(', b2: { weight: 50 }', '').replace(/ {4}b2: .*\n/, ''));
  await daemon.reload();
  const page = await daemon.metrics.render();
  assert.equal(parsePage(page).get('maglev_config_last_reload_successful'), 1);
  assert.ok(!page.includes('"b2"'));
});

test('routes, not paths, are labels', async (t) => {
  const daemon = await startTestDaemon();
  t.after(() => daemon.stop());
  for (const url of ['/api/v1/backends/b1', '/api/v1/backends/nope', '/a/b/c', '/d/e/f'])
    await daemon.api.inject({ url });
  const series = parsePage(await daemon.metrics.render());
  const route = 'route="/api/v1/backends/:backend"';
  assert.equal(series.get(`maglev_http_requests_total{method="GET",${route},status="200"}`), 1);
  assert.equal(series.get(`maglev_http_requests_total{method="GET",${route},status="404"}`), 1);
  assert.equal(series.get('maglev_http_requests_total{method="GET",route="none",status="404"}'), 2);
});

test('RPCs are counted by their codes, readers of events while they read', async (t) => {
  const daemon = await startTestDaemon();
  t.after(() => daemon.stop());
  for (const backend of ['b1', 'b1', 'nope'])
    await daemon.api.inject({
      method: 'POST',
      url: '/maglev.v1.MaglevService/GetBackend',
      payload: { backend },
    });
  const series = parsePage(await daemon.metrics.render());
  const labels = 'method="GetBackend",route="maglev.v1.MaglevService"';
  assert.equal(series.get(`maglev_grpc_requests_total{${labels},code="ok"}`), 2);
  assert.equal(series.get(`maglev_grpc_requests_total{${labels},code="not_found"}`), 1);
  assert.equal(series.get(`maglev_grpc_request_duration_seconds_count{${labels}}`), 3);
  const route = 'route="/maglev.v1.MaglevService/GetBackend"';
  assert.equal(series.get(`maglev_http_requests_total{method="POST",${route},status="404"}`), 1);
  assert.equal(series.get(`maglev_http_request_duration_seconds_count{method="POST",${route}}`), undefined);
  assert.equal(series.get('maglev_event_subscribers'), 0);
});

test('a long page is written in parts: one head each, every series, and turns for others', async (t) => {
  const count = 1000;
  const daemon = await startTestDaemon(manyBackends(count));
  t.after(() => daemon.stop());
  await daemon.clock.advance(10_000);
  let isWritten = false;
  const written = daemon.metrics.render().finally(() => {
    isWritten = true;
  });
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  assert.ok(!isWritten, 'it waits for its next turn');
  await daemon.clock.advance(0);
  const page = await written;
  const heads = page.split('\n').filter((line) => line.startsWith('# TYPE'));
  assert.equal(new Set(heads).size, heads.length);
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const series = parsePage(page);
  assert.equal(series.size, lines.length, 'no series twice');
  for (let index = 0; index < count; index++) {
    const labels = `{backend="b${index}",type="tcp"`;
    const passes = series.get(`maglev_probe_duration_seconds_count${labels}}`) ?? 0;
    assert.ok(passes > 3, `b${index}: ${passes}`);
    assert.equal(series.get(`maglev_probe_duration_seconds_bucket${labels},le="+Inf"}`), passes);
  }
});

function manyBackends(count: number): string {
  const address = (index: number) => `10.1.${Math.floor(index / 250)}.${index % 250}`;
  const names = Array.from({ length: count }, (_, index) => index);
  return `maglev:
  healthchecks: { c: { type: tcp, port: 80, interval: 1s } }
  backends:
${names.map((index) => `    b${index}: { address: ${address(index)}, healthcheck: c }`).join('\n')}
`;
}
