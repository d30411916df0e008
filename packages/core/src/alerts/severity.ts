/** How much a finding or an alert matters, from the worst down. Lower case everywhere. */
export type Severity = 'critical' | 'high' | 'medium' | 'low'
