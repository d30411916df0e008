import { alertFingerprint } from '../../alert-deduplicator/alert-fingerprint.ts'
import { alertLabel, type LabelledAlert } from '../policy/alert-label.ts'
import { matchesAll } from '../policy/alert-matcher.ts'
import type { CompiledInhibition, CompiledPolicy } from '../policy/compile-policy.ts'

/**
 * What an alert mutes while it fires: a name for each inhibition and the values of its equal labels.
 * An alert that the target side matches too has a name that alerts of both sides do not ask for.
 */
export function inhibitsOf(
  { inhibitions }: CompiledPolicy,
  alert: LabelledAlert,
): readonly string[] {
  let names: string[] | undefined
  for (const inhibition of inhibitions) {
    if (!matchesAll(inhibition.source, alert)) continue
    names ??= []
    names.push(nameOf('any', inhibition, alert))
    if (!matchesAll(inhibition.target, alert)) names.push(nameOf('one-sided', inhibition, alert))
  }
  return names ?? NOTHING
}

/** The names of what mutes an alert, where something that fires carries one of them. */
export function inhibitorsOf(
  { inhibitions }: CompiledPolicy,
  alert: LabelledAlert,
): readonly string[] {
  return inhibitions
    .filter(({ target }) => matchesAll(target, alert))
    .map((inhibition) => {
      const isSourceToo = matchesAll(inhibition.source, alert)
      return nameOf(isSourceToo ? 'one-sided' : 'any', inhibition, alert)
    })
}

const NOTHING: readonly string[] = []

function nameOf(
  sources: 'any' | 'one-sided',
  { id, equal }: CompiledInhibition,
  alert: LabelledAlert,
): string {
  return alertFingerprint(sources, id, ...equal.map((label) => alertLabel(alert, label)))
}
