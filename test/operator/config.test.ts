import { ConfigError } from '../../host/src/settings.ts';
import { configHelp, parseConfig } from '../../operator/src/config.ts';

test('nothing has to be said', () => {
  const config = parseConfig([], {});
  expect(config.watchNamespace).toBeUndefined();
  expect(config).toMatchObject({
    namespace: 'default',
    lease: 'synod-operator',
    httpHost: '127.0.0.1',
    httpPort: 8081,
    logLevel: 'info',
    concurrency: 4,
  });
});

test('a flag counts more than its variable, and an empty variable is none', () => {
  const environment = {
    SYNOD_HTTP_PORT: '1',
    SYNOD_CONCURRENCY: '2',
    SYNOD_WATCH_NAMESPACE: '',
    SYNOD_KUBECONFIG: '/etc/kubeconfig',
  };
  const config = parseConfig(['--http-port', '0'], environment);
  expect(config.watchNamespace).toBeUndefined();
  expect(config).toMatchObject({
    httpPort: 0,
    concurrency: 2,
    kubeconfig: '/etc/kubeconfig',
  });
});

test('each mistake is named, with what it has and what is wanted', () => {
  const parse = () =>
    parseConfig(['--http-port', '65536', '--watch-namespace', 'Not this'], {
      SYNOD_LOG_LEVEL: 'loud',
      SYNOD_CONCURRENCY: 'many',
    });
  expect(parse).toThrow(ConfigError);
  expect(parse).toThrow(
    [
      '--watch-namespace (SYNOD_WATCH_NAMESPACE) has "Not this"; it wants: a name that Kubernetes takes',
      '--http-port (SYNOD_HTTP_PORT) has "65536"; it wants: at most 65535',
      '--log-level (SYNOD_LOG_LEVEL) has "loud"; it wants: one of trace, debug, info, warn, error, fatal, silent',
      '--concurrency (SYNOD_CONCURRENCY) has "many"; it wants: a whole number',
    ].join('\n'),
  );
});

test('an unknown flag is named', () => {
  expect(() => parseConfig(['--colour', 'red'], {})).toThrow(/--colour.*--help lists the flags/);
});

test('help has every flag with its variable and default', () => {
  expect(configHelp()).toMatch(/--http-port +SYNOD_HTTP_PORT .*\[8081\]/);
  expect(configHelp()).toMatch(/--watch-namespace +SYNOD_WATCH_NAMESPACE /);
});
