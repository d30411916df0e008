import type { LabelMatches } from '../alert-rules/label-match.ts'

/**
 * Filesystems that can fill up, as node_exporter labels them. An image is mounted without any free
 * space, and what lives in memory is measured as memory.
 */
export const WRITABLE_FILESYSTEMS: LabelMatches = {
  fstype: { notMatches: 'tmpfs|ramfs|overlay|squashfs|erofs|iso9660|udf|fuse[.]snapfuse' },
}
