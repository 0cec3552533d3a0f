/** As much of a browser as a sign-in takes: cookies, forms, and redirects that are followed. */
export type Browser = {
  open(path: string): Promise<void>
  /** Sends the form on the page that has these fields, with whatever else it holds, and follows where that leads. */
  submit(fields: Readonly<Record<string, string>>): Promise<void>
  /** The same, without following: the one request alone. @returns its status */
  send(fields: Readonly<Record<string, string>>): Promise<number>
  /** What a field of the page's forms holds. */
  value(field: string): string
  readonly path: string
}

type Form = { action: string; fields: Record<string, string> }

export function openBrowser(url: string): Browser {
  const cookies = new Map<string, string>()
  let path = '/'
  let forms: Form[] = []

  async function request(to: string, fields?: Readonly<Record<string, string>>): Promise<Response> {
    const answer = await fetch(url + to, {
      redirect: 'manual',
      headers: {
        Accept: 'text/html',
        Origin: url,
        'Sec-Fetch-Site': 'same-origin',
        Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      },
      ...(fields !== undefined && { method: 'POST', body: new URLSearchParams(fields) }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }

  async function follow(answer: Response, to: string): Promise<void> {
    const next = answer.headers.get('location')
    if (next !== null) return follow(await request(next), next)
    const refusal = answer.headers.get('countersign-error')
    if (refusal !== null) throw new Error(`${to} refused: ${refusal}`)
    path = to
    forms = formsIn(await answer.text(), to)
  }

  const formWith = (names: readonly string[]): Form => {
    const form = forms.find(({ fields }) => names.every((name) => name in fields))
    if (form === undefined) throw new Error(`No form on ${path} has ${names.join(', ')}.`)
    return form
  }

  const post = ({ action, fields }: Form, typed: Readonly<Record<string, string>>) =>
    request(action, { ...fields, ...typed })

  return {
    get path() {
      return path
    },
    open: async (to) => follow(await request(to), to),
    async submit(typed) {
      const form = formWith(Object.keys(typed))
      await follow(await post(form, typed), form.action)
    },
    async send(typed) {
      return (await post(formWith(Object.keys(typed)), typed)).status
    },
    value: (field) => formWith([field]).fields[field] ?? '',
  }
}

function formsIn(html: string, path: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head = '', body = '']) => {
    const fields: Record<string, string> = {}
    for (const [, tag = ''] of body.matchAll(/<input\b([^>]*)>/g)) {
      const name = attribute(tag, 'name')
      const kind = attribute(tag, 'type')
      if (name === undefined || kind === 'checkbox' || (kind === 'radio' && name in fields)) continue
      fields[name] = attribute(tag, 'value') ?? ''
    }
    return { action: attribute(head, 'action') ?? path, fields }
  })
}

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&')
