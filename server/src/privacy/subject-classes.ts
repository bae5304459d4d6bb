/** What a sealed value is about a person. Each class of each subject has a key of its own, so that one may be kept while another goes. */
export const SUBJECT_CLASSES = ['identity', 'token', 'network', 'text'] as const
export type SubjectClass = (typeof SUBJECT_CLASSES)[number]

/** The class of each hidden field of an entry; what is not named here may hold anything and counts as text. */
const CLASS_OF_FIELD: Readonly<Record<string, SubjectClass | undefined>> = {
  actor: 'identity',
  owner: 'identity',
  name: 'identity',
  token: 'token',
  claimed: 'token',
  address: 'network',
  network: 'network',
  client: 'network',
}

/** The class under whose key a field is sealed. */
export function classOfField(field: string): SubjectClass {
  return Object.hasOwn(CLASS_OF_FIELD, field) ? (CLASS_OF_FIELD[field] ?? 'text') : 'text'
}
