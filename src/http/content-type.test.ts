import { expect, test } from 'vitest'
import { isInUtf8 } from './content-type.ts'

test.for([
  'application/json',
  'Application/JSON',
  'application/json;',
  'application/json; charset=utf-8',
  'application/json;charset="UTF-8"',
  'application/json; charset=utf8',
  'application/json; charset=us-ascii',
  'application/json; odata=verbose',
  'application/json; q="a;charset=utf-16"',
  'application/json ; charset=utf-8 ; v=1',
])('%j is JSON that can be read', (type) => expect(isInUtf8(type, 'application/json')).toBe(true))

test.for([
  undefined,
  '',
  ';',
  'application/json; charset=iso-8859-1',
  'application/json; charset="utf-16le"',
  'application/json; charset=',
  'application/json; charset',
  'application/json; v=1; charset=latin1',
  'application/json, text/plain',
  'application/jsonx',
  'text/json',
])('%j is none', (type) => expect(isInUtf8(type, 'application/json')).toBe(false))
