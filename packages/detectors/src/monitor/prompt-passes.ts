import type { ScheduledPass } from './monitor-passes.ts'
import type { MonitorSettings } from './parse-monitor-options.ts'
import { promptPass } from './prompted-pass.ts'
import { watchForNews } from './watch-for-news.ts'

/** The passes of a monitor as its mode runs them. */
export interface PromptedPasses {
  /** One run of a pass. */
  run(pass: ScheduledPass, signal: AbortSignal): Promise<void>
  /**
   * Begins to have passes run as soon as there is something for them to do. Does nothing where they are
   * polled.
   *
   * @returns ends it
   */
  begin(): () => Promise<void>
}

/** How passes are run. */
export interface PromptPassesOptions {
  readonly passes: readonly ScheduledPass[]
  readonly settings: MonitorSettings
  readonly work: (pass: ScheduledPass, signal: AbortSignal) => Promise<{ readonly wakeAt: number }>
  /** Has the scheduler run a pass now. */
  readonly beginRun: (pass: ScheduledPass) => void
}

/** In continuous mode, has those passes heed news that are worth it. */
export function promptPasses({
  passes,
  settings,
  work,
  beginRun,
}: PromptPassesOptions): PromptedPasses {
  const { mode, sources, allowedLatenessMs, clock, logger } = settings
  const heeding = mode === 'continuous' ? passes.filter(({ isPrompt }) => isPrompt) : []
  const prompted = new Map(
    heeding.map((pass) => [
      pass,
      promptPass({
        work: (signal) => work(pass, signal),
        beginRun: () => beginRun(pass),
        retryMs: allowedLatenessMs / 4,
        clock,
      }),
    ]),
  )

  return {
    async run(pass, signal) {
      await (prompted.get(pass)?.run(signal) ?? work(pass, signal))
    },
    begin() {
      if (prompted.size === 0) return async () => {}
      const ends = sources.map(({ source }) => {
        const ofSource = heeding.filter(({ sourceId }) => sourceId === source.id)
        const onNews = (): void => {
          for (const pass of ofSource) prompted.get(pass)?.prompt()
        }
        return watchForNews(source, onNews, logger)
      })
      return async () => {
        for (const pass of prompted.values()) pass.stop()
        await Promise.all(ends.map((end) => end()))
      }
    },
  }
}
