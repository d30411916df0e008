import { auditCommand } from './audit-command.ts'
import { runCli } from './cli/run-cli.ts'

await runCli(auditCommand)
