/**
 * SHA-256 (FIPS 180-4) of ASCII text, as 64 hexadecimal digits.
 *
 * Why written out: a fingerprint is needed synchronously, Web Crypto only digests asynchronously, and
 * a static import of `node:crypto` would keep this package out of browsers and edge runtimes. Why not
 * a short hash: keys may hold what strangers sent, and with a hash that is easy to collide a stranger
 * could merge his failure into another alert. It runs for keys above 255 characters only, so its speed
 * does not matter.
 *
 * @param text characters of one byte; the caller has escaped the others
 */
export function sha256HexSync(text: string): string {
  const bytes = pad(text)
  const hash = Uint32Array.from(INITIAL_HASH)
  for (let offset = 0; offset < bytes.byteLength; offset += BLOCK_BYTES) {
    compress(hash, new DataView(bytes.buffer, offset, BLOCK_BYTES))
  }
  return Array.from(hash, (word) => word.toString(16).padStart(8, '0')).join('')
}

const BLOCK_BYTES = 64

/** The text, a single 1 bit, zeros up to a whole block, and the length in bits as 64-bit integer. */
function pad(text: string): Uint8Array<ArrayBuffer> {
  const blocks = Math.ceil((text.length + 9) / BLOCK_BYTES)
  const bytes = new Uint8Array(blocks * BLOCK_BYTES)
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index)
  bytes[text.length] = 0x80
  new DataView(bytes.buffer).setBigUint64(bytes.length - 8, BigInt(text.length) * 8n)
  return bytes
}

/** Works one block into the hash; the names are those of the standard. */
function compress(hash: Uint32Array, block: DataView): void {
  const schedule = expand(block)
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash

  for (let round = 0; round < 64; round += 1) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const choice = (e & f) ^ (~e & g)
    const t1 = (h + sum1 + choice + at(ROUND_CONSTANTS, round) + at(schedule, round)) | 0
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const t2 = (sum0 + majority) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) {
    hash[index] = at(hash, index) + word
  }
}

function expand(block: DataView): Uint32Array {
  const schedule = new Uint32Array(64)
  for (let index = 0; index < 16; index += 1) schedule[index] = block.getUint32(index * 4)
  for (let index = 16; index < 64; index += 1) {
    const w15 = at(schedule, index - 15)
    const w2 = at(schedule, index - 2)
    const sigma0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)
    const sigma1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10)
    schedule[index] = at(schedule, index - 16) + sigma0 + at(schedule, index - 7) + sigma1
  }
  return schedule
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}

/** The first 32 bits of the fractions of the square roots of the first 8 primes. */
const INITIAL_HASH = Uint32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
)

/** The first 32 bits of the fractions of the cube roots of the first 64 primes. */
const ROUND_CONSTANTS = Uint32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
)
