import { expected, runIncident } from './incident.ts'

const received = await runIncident((line) => console.log(line))
const isAsExpected = received.join('\n') === expected.join('\n')
console.log(
  isAsExpected
    ? `\nAll ${expected.length} messages came, each once, to those who should have them.`
    : `\nThese should have come:\n${expected.join('\n')}`,
)
process.exitCode = isAsExpected ? 0 : 1
