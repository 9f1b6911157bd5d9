import { Metrics, type ClusterConditions } from '../../operator/src/metrics.ts';

test('metrics', async () => {
  const clusters: ClusterConditions[] = [
    { namespace: 'shop', name: 'orders', conditions: [{ type: 'Ready', status: 'False' }] },
  ];
  const metrics = new Metrics('1.2.3', false);
  metrics.readGaugesFrom(() => ({ leader: true, queueDepth: 3, clusters: 50 }));
  metrics.readBackupsFrom(() => [
    { namespace: 'shop', name: 'orders', lastGood: 1_900_000_000_500, isOverdue: false },
    { namespace: 'shop', name: 'stock', lastGood: undefined, isOverdue: true },
  ]);
  metrics.readConditionsFrom(() => clusters);
  metrics.reconciles.inc({ result: 'done' });
  metrics.watchRestarts.inc({ resource: 'pods', reason: 'gone' });
  metrics.apiRequests.inc({ verb: 'get', group: '', resource: 'pods', code: '200' });
  const text = await metrics.text();
  for (const line of [
    'synod_operator_is_leader 1',
    'synod_operator_queue_depth 3',
    'synod_operator_clusters 50',
    'synod_operator_last_good_backup_timestamp_seconds{cluster_namespace="shop",cluster="orders"} 1900000000.5',
    'synod_operator_backup_overdue{cluster_namespace="shop",cluster="orders"} 0',
    'synod_operator_backup_overdue{cluster_namespace="shop",cluster="stock"} 1',
    'synod_operator_reconciles_total{result="done"} 1',
    'synod_operator_reconciles_total{result="failed"} 0',
    'synod_operator_reconciles_total{result="conflict"} 0',
    'synod_operator_cluster_condition{namespace="shop",name="orders",condition="Ready",status="True"} 0',
    'synod_operator_cluster_condition{namespace="shop",name="orders",condition="Ready",status="False"} 1',
    'synod_operator_cluster_condition{namespace="shop",name="orders",condition="Ready",status="Unknown"} 0',
    'synod_operator_watch_restarts_total{resource="pods",reason="gone"} 1',
    'synod_operator_api_requests_total{verb="get",group="",resource="pods",code="200"} 1',
    'synod_operator_events_dropped_total 0',
    'synod_operator_reconcile_seconds_count 0',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).not.toMatch(/last_good_backup.*cluster="stock"/);
  clusters.pop();
  expect(await metrics.text()).not.toContain('synod_operator_cluster_condition{');
  expect(text).toMatch(/synod_operator_build_info\{version="1.2.3",node_version="v\d+/);
});
