import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'

import { createSkippingClock, sampleAlert, sampleNotification } from '@assay/test-servers'
import { createTransport } from 'nodemailer'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'

import type { AlertChannel } from '../alerts/alert-channel.ts'
import { silentLogger } from '../logger/logger.ts'
import { emailChannel, type EmailTransport } from './email-channel.ts'

const never = new AbortController().signal
const PASSWORD = 'Planted-Password-0123456789'

const cleanUps: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** A real SMTP server, and nodemailer's real client to it. */
async function startMail(options: SMTPServerOptions = {}) {
  const mails: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString('utf8'))
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.server.address() as AddressInfo
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true })
  cleanUps.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(resolve)
      }),
    () => transport.close(),
  )
  return { mails, transport, port }
}

function createChannel(transport: EmailTransport, clock = createSkippingClock({ timerSpeed: 20 })) {
  return emailChannel({
    transport,
    from: 'Assay <alerts@example.com>',
    to: ['oncall@example.com', 'lead@example.com'],
    clock,
    random: () => 0.5,
  })
}

/** The header of a mail, unfolded and decoded. */
function header(mail: string, name: string): string | undefined {
  const raw = new RegExp(`^${name}:((?:.|\r\n[ \t])*)`, 'im').exec(mail)?.[1]
  return raw
    ?.replaceAll(/\r\n[ \t]/g, ' ')
    .trim()
    .replaceAll(/=\?UTF-8\?Q\?(.*?)\?=\s*/g, (_word, code: string) =>
      decodeURIComponent(code.replaceAll('_', ' ').replaceAll('%', '%25').replaceAll('=', '%')),
    )
}

/** What a delivery throws. */
async function deliver(channel: AlertChannel): Promise<unknown> {
  try {
    await channel.deliver(sampleNotification(), { signal: never })
    return undefined
  } catch (error) {
    return error
  }
}

function failingTransport(error: object): EmailTransport & { calls: number } {
  return {
    calls: 0,
    async sendMail() {
      this.calls += 1
      throw Object.assign(new Error(`secret ${PASSWORD}`), error)
    },
  }
}

describe('emailChannel', () => {
  it('sends text and HTML, threaded by group', async () => {
    const { mails, transport } = await startMail()
    const channel = createChannel(transport)
    await channel.deliver(sampleNotification(), { signal: never })
    const later = { id: 'n-2', reason: 'resolved', status: 'resolved' } as const
    await channel.deliver(sampleNotification(later), { signal: never })
    await channel.deliver(sampleNotification({ id: 'n-3', groupKey: 'other' }), { signal: never })

    const [first = '', second = '', other = ''] = mails
    expect(header(first, 'Subject')).toBe('CRITICAL OracleServiceDown: 1 firing')
    expect(header(second, 'Subject')).toBe('RESOLVED OracleServiceDown: 1 firing')
    expect(header(first, 'To')).toBe('oncall@example.com, lead@example.com')
    expect(header(first, 'X-Assay-Notification')).toBe('n-1')
    expect(header(first, 'References')).toMatch(/^<assay-group-[\da-f]{40}@example\.com>$/)
    expect(header(second, 'References')).toBe(header(first, 'References'))
    expect(header(other, 'References')).not.toBe(header(first, 'References'))
    expect(header(second, 'In-Reply-To')).toBe(header(first, 'References'))
    expect(header(second, 'Message-ID')).not.toBe(header(first, 'Message-ID'))
    expect(first).toContain('Content-Type: text/plain')
    expect(first).toContain('Content-Type: text/html')
  })

  it('lets no text of an alert become a header, a recipient or markup', async () => {
    const { mails, transport } = await startMail()
    const hostile = '\r\nBcc: thief@example.com\r\n\r\n<img src=x onerror=alert(1)>"\''
    const alert = sampleAlert({
      name: hostile,
      summary: hostile,
      labels: { [hostile]: hostile },
      runbookUrl: 'https://example.com/"onmouseover="alert(1)',
    })
    const fields = { id: hostile, groupKey: hostile, receiver: hostile, alerts: [alert] }
    await createChannel(transport).deliver(sampleNotification(fields), { signal: never })
    const [mail = ''] = mails
    const head = mail.slice(0, mail.indexOf('\r\n\r\n'))
    expect(head).not.toMatch(/^bcc:/im)
    expect(header(mail, 'Subject')).toContain('Bcc: thief@example.com <img')
    const html = mail
      .slice(mail.indexOf('text/html'))
      .replaceAll('=\r\n', '')
      .replaceAll('=3D', '=')
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(html).not.toContain('<img')
    expect(html).toContain('href="https://example.com/%22onmouseover=%22alert(1)"')
  })

  it('sends again under the same Message-ID when the server is busy', async () => {
    const tried: (string | undefined)[] = []
    const { mails, transport } = await startMail({
      onMailFrom: (_address, _session, done) => {
        tried.push('MAIL')
        done(tried.length < 3 ? smtpError(451) : null)
      },
    })
    const ids: string[] = []
    const watched: EmailTransport = {
      sendMail: (message) => {
        ids.push(message.messageId)
        return transport.sendMail(message)
      },
    }
    const clock = createSkippingClock({ timerSpeed: 20 })
    await createChannel(watched, clock).deliver(sampleNotification(), { signal: never })
    expect(mails).toHaveLength(1)
    expect(ids).toHaveLength(3)
    expect(new Set(ids).size).toBe(1)
    expect(header(mails[0] ?? '', 'Message-ID')).toBe(ids[0])
    expect(clock.sleeps).toEqual([250, 500])
  })

  it('does not repeat what the server will never take', async () => {
    let tries = 0
    const { transport } = await startMail({
      onRcptTo: (_address, _session, done) => {
        tries += 1
        done(smtpError(550))
      },
    })
    const delivery = createChannel(transport).deliver(sampleNotification(), { signal: never })
    await expect(delivery).rejects.toMatchObject({
      code: 'ALERT_DELIVERY_REFUSED',
      context: { status: 550, vendorCode: 'EENVELOPE' },
    })
    expect(tries).toBe(2)
  })

  it('counts a mail that some got as delivered, and warns of the others', async () => {
    const { mails, transport } = await startMail({
      onRcptTo: ({ address }, _session, done) =>
        done(address === 'lead@example.com' ? smtpError(550) : null),
    })
    const warnings: object[] = []
    const channel = emailChannel({
      transport,
      from: 'alerts@example.com',
      to: ['oncall@example.com', 'lead@example.com'],
      logger: { ...silentLogger, warn: (facts) => void warnings.push(facts) },
    })
    await channel.deliver(sampleNotification(), { signal: never })
    expect(mails).toHaveLength(1)
    expect(warnings).toEqual([{ channel: 'email', rejected: 1 }])
  })

  it('gives up on a server that never answers, and lets go of its connection', async () => {
    const { transport } = await startMail({ onConnect: () => {} })
    const clock = createSkippingClock({ timerSpeed: 100 })
    const delivery = createChannel(transport, clock).deliver(sampleNotification(), {
      signal: never,
    })
    await expect(delivery).rejects.toMatchObject({ reason: 'timeout', retry: 'safe' })
  })

  it('repeats after a connection that is refused', async () => {
    const transport = createTransport({ host: '127.0.0.1', port: 1 })
    const clock = createSkippingClock()
    const delivery = createChannel(transport, clock).deliver(sampleNotification(), {
      signal: never,
    })
    await expect(delivery).rejects.toMatchObject({
      reason: 'network',
      mayHaveArrived: false,
      context: { vendorCode: 'ESOCKET' },
    })
    expect(clock.sleeps).toHaveLength(4)
  })

  it.each([
    [{ code: 'EAUTH', responseCode: 535, response: PASSWORD }, 'ALERT_DELIVERY_REFUSED', 1],
    [{ code: 'EENVELOPE' }, 'ALERT_DELIVERY_REFUSED', 1],
    [{ code: 'EPROTOCOL', responseCode: 503 }, 'ALERT_DELIVERY_FAILED', 5],
    [{ code: 'ECONNECTION', responseCode: 421, command: PASSWORD }, 'ALERT_DELIVERY_FAILED', 5],
    [{ code: 'ETIMEDOUT' }, 'ALERT_DELIVERY_FAILED', 5],
    [{ code: PASSWORD }, 'ALERT_DELIVERY_FAILED', 5],
  ])('reads %j, and shows no password', async (error, code, calls) => {
    const transport = failingTransport(error)
    const channel = createChannel(transport)
    const thrown: unknown = await deliver(channel)
    expect(thrown).toMatchObject({ code })
    expect(transport.calls).toBe(calls)
    const shown = inspect([thrown, channel], { depth: 9 }) + JSON.stringify([thrown, channel])
    expect(shown).not.toContain(PASSWORD)
    expect(shown).not.toContain('example.com')
  })

  it('takes a transport that throws at once for one that rejects', async () => {
    const sendMail = (): never => {
      throw new Error(PASSWORD)
    }
    const thrown = await deliver(createChannel({ sendMail }))
    expect(thrown).toMatchObject({ code: 'ALERT_DELIVERY_FAILED', reason: 'network' })
    expect(inspect(thrown)).not.toContain(PASSWORD)
  })

  it('refuses addresses that could carry headers', () => {
    const transport = failingTransport({})
    const create = (from: string, to: string | string[]) => () =>
      emailChannel({ transport, from, to })
    expect(create('a@example.com\r\nBcc: b@example.com', 'c@example.com')).toThrow('`from`')
    expect(create('a@example.com', [])).toThrow('`to`')
    expect(create('a@example.com', ['nobody'])).toThrow('`to`')
    expect(create('Ä <a@example.com>', 'c@example.com')).not.toThrow()
  })
})

function smtpError(responseCode: number): Error {
  return Object.assign(new Error('No.'), { responseCode })
}
