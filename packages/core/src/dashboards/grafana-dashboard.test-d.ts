import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus'
import { expectTypeOf, test } from 'vitest'

import type { GrafanaDashboard, GrafanaPanel } from './grafana-dashboard.ts'

/** A type of Grafana's published schema, with its enumerations as the JSON has them: plain values. */
type Json<Type> = Type extends string
  ? `${Type}`
  : Type extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : Type extends object
      ? { readonly [Key in keyof Type as DataKey<Key>]: Json<Type[Key]> }
      : Type

/** The SDK marks its types with methods, which no JSON has. */
type DataKey<Key> = Key extends `_implements${string}` ? never : Key

test('what we write is a dashboard of the schema that Grafana publishes', () => {
  expectTypeOf<GrafanaDashboard>().toExtend<Json<Dashboard>>()
})

test('its queries are what the Prometheus data source takes', () => {
  expectTypeOf<GrafanaPanel['targets'][number]>().toExtend<Json<Dataquery>>()
})

test('the check can fail', () => {
  expectTypeOf<GrafanaDashboard & { refresh: 30 }>().not.toExtend<Json<Dashboard>>()
  expectTypeOf<Omit<GrafanaDashboard, 'schemaVersion'>>().not.toExtend<Json<Dashboard>>()
})
