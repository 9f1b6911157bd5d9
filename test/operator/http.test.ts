import { HttpListenError, startHttp, type HttpServer } from '../../operator/src/http.ts';
import { Metrics } from '../../operator/src/metrics.ts';

let http: HttpServer;
let isReady: boolean;

beforeEach(async () => {
  isReady = false;
  const metrics = new Metrics('1.2.3', false);
  metrics.readGaugesFrom(() => ({ leader: true, queueDepth: 3, clusters: 50 }));
  metrics.reconciles.inc({ result: 'done' });
  metrics.watchRestarts.inc({ resource: 'pods', reason: 'gone' });
  metrics.apiRequests.inc({ verb: 'get', group: '', resource: 'pods', code: '200' });
  http = await startHttp('127.0.0.1', 0, {
    readiness: () => ({ ready: isReady, reason: 'not yet.' }),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
  });
});

afterEach(async () => {
  await http.close();
});

async function get(path: string): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${http.port}${path}`);
  return [response.status, await response.text()];
}

test('it lives, and says when it is ready', async () => {
  expect(await get('/healthz')).toEqual([200, 'The event loop turns.\n']);
  expect(await get('/readyz')).toEqual([503, 'Not ready: not yet.\n']);
  isReady = true;
  expect(await get('/readyz')).toEqual([200, 'Ready.\n']);
});

test('what there is not is answered with what there is', async () => {
  const [code, text] = await get('/status');
  expect(code).toBe(404);
  expect(text).toContain('There is no GET /status here. There is GET of /metrics');
});

test('metrics', async () => {
  const [code, text] = await get('/metrics');
  expect(code).toBe(200);
  for (const line of [
    'synod_operator_is_leader 1',
    'synod_operator_queue_depth 3',
    'synod_operator_clusters 50',
    'synod_operator_reconciles_total{result="done"} 1',
    'synod_operator_reconciles_total{result="failed"} 0',
    'synod_operator_watch_restarts_total{resource="pods",reason="gone"} 1',
    'synod_operator_api_requests_total{verb="get",group="",resource="pods",code="200"} 1',
    'synod_operator_events_dropped_total 0',
    'synod_operator_reconcile_seconds_count 0',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).toMatch(/synod_operator_build_info\{version="1.2.3",node_version="v\d+/);
});

test('a port that is taken is said', async () => {
  const sources = {
    readiness: () => ({ ready: true, reason: '' }),
    metrics: () => Promise.reject(new Error('never asked')),
  };
  const second = startHttp('127.0.0.1', http.port, sources);
  await expect(second).rejects.toThrow(HttpListenError);
  await expect(second).rejects.toThrow(
    `The HTTP server cannot listen on 127.0.0.1, port ${http.port}: the port is in use; choose another with --http-port.`,
  );
});
