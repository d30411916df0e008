import { isPlain } from '../alert-rules/assert-alert-expression.ts'
import type { YamlValue } from '../alert-rules/format-yaml.ts'
import { assertHttpUrl } from '../channels/http-post.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'

/**
 * How Alertmanager reaches a receiver of the policy. A secret stands in a file that Alertmanager
 * reads by its path, and never in its configuration.
 */
export type AlertmanagerReceiver =
  | AlertmanagerSlackReceiver
  | AlertmanagerPagerDutyReceiver
  | AlertmanagerEmailReceiver
  | AlertmanagerWebhookReceiver

/** An incoming webhook of Slack. */
export interface AlertmanagerSlackReceiver {
  readonly kind: 'slack'
  /** The file with the webhook's address, which is a secret. */
  readonly webhookUrlFile: string
  /** Such as `#alerts`. Default: the webhook's own. */
  readonly channel?: string | undefined
}

/** A service of PagerDuty with the Events API v2. */
export interface AlertmanagerPagerDutyReceiver {
  readonly kind: 'pagerduty'
  /** The file with the integration key. */
  readonly routingKeyFile: string
}

/** Mail through an SMTP server. */
export interface AlertmanagerEmailReceiver {
  readonly kind: 'email'
  readonly to: string
  readonly from: string
  /** Host and port: `mail.example.com:587`. */
  readonly smarthost: string
  /** Default: no authentication. */
  readonly username?: string | undefined
  readonly passwordFile?: string | undefined
}

/** Alertmanager's own webhook, for everything else. */
export interface AlertmanagerWebhookReceiver {
  readonly kind: 'webhook'
  /** Stands in the configuration, so it holds no secret. */
  readonly url: string
  /** The file with the bearer token. Default: none is sent. */
  readonly credentialsFile?: string | undefined
}

const FACTORY = 'toAlertmanagerConfig'

/** A receiver as Alertmanager has it: which list of integrations it stands in, and as what. */
export interface AlertmanagerIntegration {
  readonly list: string
  readonly config: Readonly<Record<string, YamlValue | undefined>>
}

/**
 * The receiver in the terms of Alertmanager.
 *
 * @param at where the receiver stands in the options, for errors
 * @throws {InvalidOptionError} `INVALID_OPTION`, which does not repeat what was given
 */
export function integrationOf(receiver: AlertmanagerReceiver, at: string): AlertmanagerIntegration {
  if (!isPlain(receiver)) throw invalid(at, 'an object with `kind`')
  switch (receiver.kind) {
    case 'slack': {
      const path = filePath(receiver.webhookUrlFile, `${at}.webhookUrlFile`)
      return { list: 'slack_configs', config: { api_url_file: path, channel: receiver.channel } }
    }
    case 'pagerduty': {
      const path = filePath(receiver.routingKeyFile, `${at}.routingKeyFile`)
      return { list: 'pagerduty_configs', config: { routing_key_file: path } }
    }
    case 'email':
      return { list: 'email_configs', config: emailConfig(receiver, at) }
    case 'webhook':
      return { list: 'webhook_configs', config: webhookConfig(receiver, at) }
    default:
      throw invalid(`${at}.kind`, 'one of `slack`, `pagerduty`, `email` and `webhook`')
  }
}

function emailConfig(
  { to, from, smarthost, username, passwordFile }: AlertmanagerEmailReceiver,
  at: string,
): AlertmanagerIntegration['config'] {
  if (!isGiven(to)) throw invalid(`${at}.to`, 'an address')
  if (!isGiven(from)) throw invalid(`${at}.from`, 'an address')
  if (!/^[^:]+:\d+$/.test(smarthost)) throw invalid(`${at}.smarthost`, 'a host and a port')
  return {
    to,
    from,
    smarthost,
    auth_username: username,
    auth_password_file:
      passwordFile === undefined ? undefined : filePath(passwordFile, `${at}.passwordFile`),
  }
}

function webhookConfig(
  { url, credentialsFile }: AlertmanagerWebhookReceiver,
  at: string,
): AlertmanagerIntegration['config'] {
  assertHttpUrl(FACTORY, `${at}.url`, url)
  if (credentialsFile === undefined) return { url }
  const path = filePath(credentialsFile, `${at}.credentialsFile`)
  return { url, http_config: { authorization: { credentials_file: path } } }
}

/** Whoever gives an address, or no text, has mistaken the secret for its file. */
function filePath(path: string, at: string): string {
  if (typeof path === 'string' && path !== '' && !path.includes('://')) return path
  throw invalid(at, 'the path of a file that Alertmanager can read')
}

function isGiven(text: unknown): boolean {
  return typeof text === 'string' && text !== ''
}

function invalid(at: string, requirement: string): InvalidOptionError {
  return new InvalidOptionError(FACTORY, at, requirement)
}
