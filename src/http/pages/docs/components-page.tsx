import { minutes, seconds } from '../../../core/time.ts'
import { Badge } from '../components/badge.tsx'
import { Choices } from '../components/choices.tsx'
import { CodeField } from '../components/code-field.tsx'
import { Copy } from '../components/copy.tsx'
import { Empty } from '../components/empty.tsx'
import type { FieldErrors } from '../components/error-summary.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { Facts } from '../components/facts.tsx'
import { Actions, Button, ButtonLink, Form } from '../components/form.tsx'
import { Clock, Moment } from '../components/moment.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { PasswordField } from '../components/password-field.tsx'
import { useReader } from '../components/reader.tsx'
import { Row, Rows } from '../components/rows.tsx'
import { Story } from '../components/story.tsx'
import { TextArea, TextField } from '../components/text-field.tsx'
import { TickBox } from '../components/tick-box.tsx'
import { Way, Ways } from '../components/ways.tsx'

const errors: FieldErrors = [
  { field: 'wrong-code', message: "That's not the code we sent. 4 tries left." },
  { field: 'wrong-address', message: 'Write an address such as maria@example.com.' },
]

/** Every component in every state, for those who build pages. In English: it is read by nobody else. */
export function ComponentsPage() {
  const { now } = useReader()
  return (
    <Page
      title="Enter the code for ma••••@example.com"
      account="Signing in as maria@example.org"
      errors={errors}
    >
      <Form>
        <CodeField name="code" label="Code" hint="6 digits. Spaces are fine." />
        <Actions>
          <Button>Continue</Button>
          <span class="clock">
            Works until <Moment at={now + minutes(10)} shape="time" /> · 5 tries left
          </span>
        </Actions>
      </Form>
      <h2>Where it is</h2>
      <Story
        steps={[
          { at: now - seconds(3), state: 'done', told: 'Handed to your mail provider, mx.example.com.' },
          { at: now - seconds(2), state: 'done', told: 'Accepted. It can take a minute to show up.' },
          {
            at: now,
            state: 'failed',
            told: 'The mailbox is full. Delete something there, or use another way.',
          },
          {
            state: 'waits',
            told: (
              <p>
                Not there? Look in junk, and mark <b>codes@harbour.example</b> as a safe sender.
              </p>
            ),
          },
        ]}
      />
      <Facts
        facts={[
          { name: 'From', value: 'Harbour Library, codes@harbour.example' },
          { name: 'Subject', value: 'Your code for Harbour Library' },
          { name: 'Reference', value: 'k7f-2q', ltr: true },
        ]}
      />
      <Ways>
        <Way
          href="#"
          aside={
            <>
              send it again <Clock until={now + seconds(24)} />
            </>
          }
        >
          I don't have a code
        </Way>
        <Way href="#">Use ••• ••• ••10 or another way</Way>
        <Way href="#">I don't have any of these</Way>
      </Ways>

      <h2>Fields</h2>
      <Form>
        <TextField name="username" label="Email or phone number" type="email" autocomplete="username" />
        <PasswordField name="password" label="Password" autocomplete="current-password" />
        <TextField
          name="wrong-address"
          label="Email address"
          type="email"
          value="maria@example,com"
          hint="We send a code there."
          error={errorOf(errors, 'wrong-address')}
        />
        <CodeField
          name="wrong-code"
          label="Code"
          hint="6 digits. Spaces are fine."
          error={errorOf(errors, 'wrong-code')}
        />
        <TextArea name="pasted" label="Paste what you received" rows={3} />
        <Choices
          name="way"
          label="Where should we send a code?"
          chosen="email"
          choices={[
            { value: 'email', label: 'Email ma••••@example.com', hint: 'Arrives within a minute' },
            { value: 'sms', label: 'Text ••• ••• ••10' },
            { value: 'app', label: 'Use my authenticator app' },
          ]}
        />
        <TickBox name="trust" label="Don't ask for codes on this browser" hint="Only on your own device." />
        <Actions>
          <Button>Send code</Button>
          <Button look="second">Another way</Button>
          <Button look="grave">Close account</Button>
          <Button look="bare">Not now</Button>
          <ButtonLink href="#" look="second">
            A link
          </ButtonLink>
        </Actions>
      </Form>

      <h2>Notices</h2>
      <Notice tone="info" title="Somebody else's words">
        <p>Something to know before going on.</p>
      </Notice>
      <Notice tone="good">
        <p>The code no longer works, and nobody got in with it.</p>
      </Notice>
      <Notice tone="warning" title="Seven days to go">
        <p>
          Until then old contacts can stop this. <a href="/help">What that means</a>
        </p>
      </Notice>
      <Notice tone="bad">
        <p>Nothing was changed.</p>
      </Notice>
      <p class="row">
        <Badge>waiting</Badge>
        <Badge tone="info">new</Badge>
        <Badge tone="good">sent</Badge>
        <Badge tone="warning">trying again</Badge>
        <Badge tone="bad">refused</Badge>
      </p>

      <h2>Lists</h2>
      <Rows label="Messages">
        <Row
          href="#"
          title="maria@example.com"
          aside={<Moment at={now} shape="time" />}
          below="Your code for Harbour Library (k7f-2q)"
          current
        />
        <Row href="#" title="+1 201 555 0123" aside="text" below="048213 is your code for Harbour Library" />
      </Rows>
      <details>
        <summary>More about this</summary>
        <p>What is long and needed by few.</p>
      </details>
      <bdo dir="ltr" class="digits-shown">
        048 213
      </bdo>
      <Copy text="048213" label="Copy the code" />
      <h2>Nothing yet</h2>
      <Empty icon="mail" title="No messages yet">
        <p>Codes that are sent show up here.</p>
      </Empty>
      <h2>Table and text</h2>
      <div class="table">
        <table>
          <thead>
            <tr>
              <th scope="col">Code</th>
              <th scope="col">Status</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">
                <code>code_wrong</code>
              </th>
              <td>422</td>
            </tr>
          </tbody>
        </table>
      </div>
    </Page>
  )
}
