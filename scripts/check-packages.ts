/**
 * Proves each published package as its users get it: packed, linted, installed into a blank project,
 * imported, required, compiled under each module resolution, and used once. Run `build` first.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { codeBlocks } from './tidy/code-blocks.ts'
import { subpathsOf } from './tidy/exports-map.ts'
import { type Package, publishedPackages, readWorkspace } from './tidy/workspace.ts'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')
/** The oldest line of Node that the packages support, and the one they are developed on. */
const nodes = [join(root, 'tools/node-22/node_modules/.bin/node'), process.execPath]

const workspace = readWorkspace(root)
const packages = publishedPackages(workspace)
const folder = await mkdtemp(join(tmpdir(), 'assay-packages-'))
try {
  const tarballs = await packAll(join(folder, 'tarballs'))
  for (const each of packages) {
    await lintTarball(tarballs.get(each.name) ?? '')
    const project = join(folder, each.folder)
    await installBlankProject(project, each, tarballs)
    await importAndRequire(project, each)
    await compileAndUse(project, each)
    console.log(`${each.name}: packed, installed, imported, required, compiled and used`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true })
}

/** The tarball of each package, by the package's name. */
async function packAll(destination: string): Promise<Map<string, string>> {
  const tarballs = new Map<string, string>()
  for (const { folder, name } of packages) {
    const cwd = join(root, 'packages', folder)
    const into = join(destination, folder)
    await mkdir(into, { recursive: true })
    await run('pnpm', ['pack', '--pack-destination', into], cwd)
    const [tarball = ''] = await readdir(into)
    tarballs.set(name, join(into, tarball))
  }
  return tarballs
}

async function lintTarball(tarball: string): Promise<void> {
  await run(join(bin, 'publint'), [tarball, '--strict'], root)
  // ESM only: older resolutions and `require` under `node16` are not promised.
  await run(join(bin, 'attw'), [tarball, '--profile', 'esm-only'], root)
}

async function installBlankProject(
  project: string,
  each: Package,
  tarballs: ReadonlyMap<string, string>,
): Promise<void> {
  await mkdir(project)
  const { dependencies = {}, peerDependencies = {} } = each.manifest
  // The example may use siblings too.
  const siblings = Object.keys(dependencies).flatMap((name) => {
    const tarball = tarballs.get(name)
    return tarball === undefined ? [] : [[name, `file:${tarball}`]]
  })
  await writeJson(join(project, 'package.json'), {
    name: 'blank',
    private: true,
    type: 'module',
    dependencies: {
      [each.name]: `file:${tarballs.get(each.name)}`,
      ...Object.fromEntries(siblings),
      ...peerDependencies,
      '@types/node': '24.19.2',
    },
  })
  // Siblings are not on npm yet: they come from their own tarballs. YAML takes JSON as it is.
  const overrides = Object.fromEntries(
    [...tarballs].map(([name, tarball]) => [name, `file:${tarball}`]),
  )
  await writeJson(join(project, 'pnpm-workspace.yaml'), { packages: ['.'], overrides })
  await run('pnpm', ['install', '--prefer-offline'], project)
}

/** Each subpath gives the same names to `import` and to `require`. */
async function importAndRequire(project: string, each: Package): Promise<void> {
  const specifiers = specifiersOf(each)
  await writeFile(
    join(project, 'import.js'),
    `for (const each of ${JSON.stringify(specifiers)})
       console.log(each, Object.keys(await import(each)).sort().join())`,
  )
  await writeFile(
    join(project, 'require.cjs'),
    `for (const each of ${JSON.stringify(specifiers)})
       console.log(each, Object.keys(require(each)).sort().join())`,
  )
  for (const node of nodes) {
    const imported = await run(node, ['import.js'], project)
    const required = await run(node, ['require.cjs'], project)
    if (imported === required) continue
    throw new Error(`${each.name}: import gives\n${imported}and require gives\n${required}`)
  }
}

/** The declarations of viem's own dependencies speak of what only browsers have. */
function libOfPeers({ manifest: { peerDependencies = {} } }: Package): readonly string[] {
  return 'viem' in peerDependencies ? ['dom'] : []
}

/** The first example of the README is the real call. */
async function compileAndUse(project: string, each: Package): Promise<void> {
  const readme = `packages/${each.folder}/README.md`
  const { blocks } = codeBlocks(new Map([[readme, workspace.get(readme) ?? '']]))
  const example = blocks.find(({ runs }) => runs)
  if (example === undefined) throw new Error(`${readme} begins with an example that can be run.`)
  await writeFile(join(project, 'use.ts'), `${example.code}\nexport {}\n`)

  const imports = specifiersOf(each).map(
    (specifier, at) => `import * as m${at} from '${specifier}'`,
  )
  const names = imports.map((_, at) => `m${at}`).join(', ')
  await writeFile(join(project, 'all.ts'), `${imports.join('\n')}\nexport default [${names}]\n`)

  for (const resolution of ['node16', 'nodenext', 'bundler']) {
    const config = join(project, `tsconfig.${resolution}.json`)
    await writeJson(config, {
      compilerOptions: {
        module: resolution === 'bundler' ? 'preserve' : resolution,
        moduleResolution: resolution,
        target: 'es2024',
        lib: ['es2024', 'esnext.disposable', ...libOfPeers(each)],
        types: ['node'],
        strict: true,
        noEmit: true,
        // Our declarations are what is on trial here.
        skipLibCheck: false,
      },
      files: ['use.ts', 'all.ts'],
    })
    await run(join(bin, 'tsc'), ['-p', config], project)
  }
  for (const node of nodes)
    await run(node, ['--disable-warning=ExperimentalWarning', 'use.ts'], project)
}

function specifiersOf(each: Package): string[] {
  return subpathsOf(each).map((subpath) => each.name + subpath.slice(1))
}

/** Runs a command to its end and returns what it printed. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd })
    return stdout
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause })
  }
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, JSON.stringify(value, null, 2))
}
