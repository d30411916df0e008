import type { Rule } from './workspace.ts'

const EMPTY_NAMES = /(?:^|\/)(utils?|helpers?|common|misc)\//

/** A folder is named after a noun of the domain, so that a newcomer can guess what is inside. */
export const folderNames: Rule = (workspace) => {
  const reported = new Set<string>()
  return [...workspace.keys()].flatMap((file) => {
    const match = EMPTY_NAMES.exec(file)
    if (match === null) return []
    const folder = file.slice(0, match.index + match[0].length)
    if (reported.has(folder)) return []
    reported.add(folder)
    const message = `The folder \`${match[1]}\` says nothing: name it after what it holds.`
    return [{ file, line: 1, rule: 'folder-names', message }]
  })
}
