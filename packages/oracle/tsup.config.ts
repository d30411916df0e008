import { bundleEntries } from '../../scripts/bundle-entries.ts'

export default bundleEntries(import.meta.dirname)
