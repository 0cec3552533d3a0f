import type { JsonSchema, OpenApi } from '../../api/openapi.ts'

type Field = { name: string; type: string; required: boolean; description: string }

/** The fields of an object, those of objects in it under their path. */
export function SchemaTable({ schema, api }: { schema: JsonSchema; api: OpenApi }) {
  const fields = fieldsOf(resolved(schema, api), '')
  return (
    <dl class="terms">
      {fields.map(({ name, type, required, description }) => (
        <>
          <dt>
            <code>{name}</code> <span class="quiet small">{required ? type : `${type}, optional`}</span>
          </dt>
          <dd>{description}</dd>
        </>
      ))}
    </dl>
  )
}

function resolved(schema: JsonSchema, api: OpenApi): JsonSchema {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined
  return name === undefined ? schema : (api.components.schemas[name] ?? schema)
}

function fieldsOf(schema: JsonSchema, prefix: string): Field[] {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>
  const required = new Set((schema.required ?? []) as string[])
  return Object.entries(properties).flatMap(([key, property]) => {
    const name = prefix + key
    const own: Field = {
      name,
      type: typeOf(property),
      required: required.has(key),
      description: String(property.description ?? ''),
    }
    const items = property.items as JsonSchema | undefined
    return [own, ...fieldsOf(property, `${name}.`), ...(items ? fieldsOf(items, `${name}[].`) : [])]
  })
}

function typeOf(schema: JsonSchema): string {
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (choices) return [...new Set(choices.map(typeOf))].join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' or ')
  if (schema.type === 'object' && schema.properties && !schema.description) {
    return `{${Object.keys(schema.properties).join(', ')}}`
  }
  const format = schema.format === 'date-time' ? 'moment' : schema.format
  return String(format ?? schema.type ?? 'any')
}
