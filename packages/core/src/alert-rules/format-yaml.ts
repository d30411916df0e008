/** What {@link formatYaml} can write. Properties that are `undefined` are left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined }

/**
 * Writes YAML for people: blocks, two spaces, texts in quotes. It reads the same by the rules of YAML
 * 1.1 and 1.2, because every text is quoted and every key is quoted that is not a plain word.
 *
 * @returns the document, ending in a line break
 */
export function formatYaml(value: YamlValue): string {
  return `${block(value, '').trimStart()}\n`
}

/** The value as it follows its key: on the same line, or on lines of its own. */
function block(value: YamlValue, indent: string): string {
  if (typeof value === 'string') return ` ${quote(value)}`
  if (typeof value !== 'object') return ` ${formatPlain(value)}`
  if (isList(value)) {
    if (value.length === 0) return ' []'
    return value.map((item) => `\n${indent}-${beside(item, `${indent}  `)}`).join('')
  }
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  if (entries.length === 0) return ' {}'
  return entries
    .map(([key, inner]) => `\n${indent}${formatKey(key)}:${block(inner!, `${indent}  `)}`)
    .join('')
}

/** An item begins beside its dash. */
function beside(item: YamlValue, indent: string): string {
  const text = block(item, indent)
  return text.startsWith('\n') ? ` ${text.slice(1 + indent.length)}` : text
}

function isList(value: object): value is readonly YamlValue[] {
  return Array.isArray(value)
}

function formatPlain(value: number | boolean): string {
  if (typeof value === 'boolean' || Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return '.nan'
  return value > 0 ? '.inf' : '-.inf'
}

/** Words that YAML 1.1 takes for something else: `on` is true. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i

function formatKey(key: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(key) && !RESERVED.test(key) ? key : quote(key)
}

/** What does not show, or breaks a line. */
const UNSHOWN = /[\p{C}\p{Zl}\p{Zp}]/u

function quote(text: string): string {
  if (!UNSHOWN.test(text)) return `'${text.replaceAll("'", "''")}'`
  return JSON.stringify(text).replaceAll(new RegExp(UNSHOWN, 'gu'), escape)
}

function escape(character: string): string {
  return `\\U${character.codePointAt(0)!.toString(16).toUpperCase().padStart(8, '0')}`
}
