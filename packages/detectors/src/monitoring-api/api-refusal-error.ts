/**
 * Why a request gets no answer of its own. Only what is thrown as this reaches the client: the code
 * and the sentence, neither of which repeats anything of the request or of an error below.
 */
export class ApiRefusalError extends Error {
  override readonly name = 'ApiRefusalError'
  readonly code: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: string,
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.code = code
    this.status = status
    this.headers = headers
  }
}
