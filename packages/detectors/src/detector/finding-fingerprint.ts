import { alertFingerprint } from '@assay/core'

/**
 * Names a fact: the same rule, tenant and first event always give the same text, in every process
 * and after every restart. It is fit to be the fingerprint of an alert.
 *
 * @param ruleId the rule that found it
 * @param tenant whose data it is, where findings of several tenants meet; `null` otherwise
 * @param event what names the first event, such as its account and its transaction
 */
export function findingFingerprint(
  ruleId: string,
  tenant: string | null,
  event: readonly string[],
): string {
  return alertFingerprint(ruleId, tenant ?? '', ...event)
}
