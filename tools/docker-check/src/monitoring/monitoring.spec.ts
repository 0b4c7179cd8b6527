import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT, readText } from '../workspace.js';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly datasource: { readonly uid: string };
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(readText('docker/monitoring/grafana/dashboards/claas.json')) as Dashboard;
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** Names that the API registers, histograms with their series. */
function registeredMetrics(): ReadonlySet<string> {
  const folder = 'apps/api/src/metrics';
  const source = readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => readText(`${folder}/${name}`))
    .join('\n');
  const names = [...source.matchAll(/name: '(claas_[a-z_]+)'/g)].map(([, name]) => name!);
  return new Set(names.flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
}

describe('the dashboard', () => {
  it('asks for metrics that the API has', () => {
    const asked = new Set(expressions.flatMap((text) => text.match(/claas_[a-z_]+/g) ?? []));
    expect(asked.size).toBeGreaterThan(5);
    expect([...asked].filter((name) => !registeredMetrics().has(name))).toEqual([]);
  });

  it('shows the gap before and after, the queue, failures and the time of each phase', () => {
    const all = expressions.join('\n');
    for (const name of [
      'gap_before',
      'gap_after',
      'unfinished',
      'feedback_total',
      'phase_seconds',
      'http_requests_total',
    ]) {
      expect(all).toContain(name);
    }
  });

  it('takes its numbers from the Prometheus that is provisioned, and fits its grid', () => {
    const { datasources } = parse(readText('docker/monitoring/grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: readonly { uid: string; url: string }[];
    };
    expect(datasources).toMatchObject([{ uid: 'claas-prometheus', url: 'http://prometheus:9090' }]);
    for (const { datasource, gridPos } of dashboard.panels) {
      expect(datasource.uid).toBe('claas-prometheus');
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
  });

  it('lies where Grafana is told to look', () => {
    const { providers } = parse(readText('docker/monitoring/grafana/provisioning/dashboards/claas.yml')) as {
      providers: readonly { options: { path: string } }[];
    };
    expect(readText('docker/docker-compose.yml')).toContain(
      `./monitoring/grafana/dashboards:${providers[0]!.options.path}:ro`,
    );
  });
});

describe('Prometheus', () => {
  it('asks the API by the name that both profiles give it', () => {
    const { scrape_configs: jobs } = parse(readText('docker/monitoring/prometheus.yml')) as {
      scrape_configs: readonly { job_name: string; static_configs: readonly { targets: readonly string[] }[] }[];
    };
    const targets = Object.fromEntries(
      jobs.map(({ job_name, static_configs }) => [job_name, static_configs[0]!.targets]),
    );
    expect(targets).toEqual({ claas: ['claas-api:8080'], vllm: ['vllm:8000'] });
  });
});
