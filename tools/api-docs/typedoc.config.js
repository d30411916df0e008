import { readdirSync, readFileSync } from 'node:fs'

import { Converter, ReflectionKind } from 'typedoc'

const packages = new URL('../../packages/', import.meta.url)

/** What users import, by the file that the workspace reads it from. */
const specifiers = new Map(
  readdirSync(packages).flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(new URL(`${folder}/package.json`, packages), 'utf8'))
    return Object.entries(manifest.exports)
      .filter(([, target]) => target['@assay/source'] !== undefined)
      .map(([subpath, target]) => [
        new URL(`${folder}/${target['@assay/source']}`, packages).pathname,
        manifest.name + subpath.slice(1),
      ])
  }),
)

/** @type {import('typedoc').TypeDocOptions} */
export default {
  name: 'Assay',
  entryPoints: [...specifiers.keys()],
  plugin: [nameAsUsersDo],
  tsconfig: 'tsconfig.json',
  out: '../../docs/api',
  readme: '../../README.md',
  // The same links whether or not the folder is a clone with a remote.
  disableGit: true,
  sourceLinkTemplate: 'https://github.com/assay-dev/assay/blob/main/{path}#L{line}',
  treatWarningsAsErrors: true,
  // The workspace's own compiler has checked the types.
  skipErrorChecking: true,
  excludeInternal: true,
}

/** Modules are called what one imports. A parameter taken apart at once gets its documented name. */
function nameAsUsersDo(app) {
  const beforeCommentsAreResolved = 1_000
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, nameAll, beforeCommentsAreResolved)
}

function nameAll({ project }) {
  for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
    module.name = specifiers.get(module.sources?.[0]?.fullFileName) ?? module.name
  }
  for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter)) {
    if (parameter.name !== '__namedParameters') continue
    const documented = parameter.parent?.comment?.blockTags.map(({ name }) => name ?? '') ?? []
    // From `@param options.now`; typedoc itself takes the name of a tag without a dot.
    const dotted = documented.find((name) => name.includes('.'))
    if (dotted !== undefined) [parameter.name] = dotted.split('.')
  }
}
