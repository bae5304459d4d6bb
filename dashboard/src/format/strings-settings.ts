/** The sentences of the settings screen. */
export const settingsStrings = {
  title: 'Settings',
  sections: 'Sections',
  section: { access: 'Access', privacy: 'Privacy', retention: 'Retention' },
  asked: 'Asked for. A second person has 24 hours to agree; then do it again with the same words.',
  ground: 'Why (people read this; no secrets)',
  approval: 'Approval that was given (empty at first)',
  nothing: 'Nothing here.',

  approvals: {
    title: 'Second person',
    hint: 'what one person asked for and another decides',
    empty: 'Nobody asked for anything.',
    columns: { asked: 'Asked', what: 'What exactly', why: 'Why', state: 'State', decide: 'Decide' },
    by: (who: string) => `by ${who}`,
    lapses: (span: string) => `lapses in ${span}`,
    give: 'Agree',
    giveText: 'It may then be done once, exactly as it stands here. Your name stands in the audit log.',
    refuse: 'Refuse',
    refuseText: 'It cannot be done with this request. Your name stands in the audit log.',
    note: 'Note',
    decided: (state: string) => `It is ${state}.`,
    state: { requested: 'waits', given: 'agreed', refused: 'refused', spent: 'done', lapsed: 'lapsed' } as Readonly<
      Record<string, string>
    >,
  },

  privacy: {
    requests: 'Requests of a person',
    requestsHint: 'each is written into the audit log',
    requestsText:
      'A person may ask what is held about them, ask that it is not used, or ask that it is erased. Erasing destroys the keys of this person: what stands in logs and backups cannot be opened any more, counts and proofs stay.',
    owner: 'Owner id',
    export: 'Hand out what is held',
    exportText: 'A zip of a readable page and a file for machines. It is recorded before it is handed out.',
    exported: 'The download has begun.',
    restrict: 'Restrict',
    restrictText: 'The person is hidden from everybody but the privacy officer. Tokens go on working.',
    restricted: 'Restricted.',
    free: 'End restriction',
    freeText: 'The person is shown again as before.',
    freed: 'The restriction is over.',
    erase: 'Erase',
    eraseText: 'Names, keys and sealed values of this person are destroyed. It cannot be undone.',
    endTokens: 'End tokens that still work',
    erased: (values: string, dead: string) =>
      `Erased here: ${values} sealed values. Dead in backups from ${dead}; copies handed out are not.`,
    erasures: 'Erasures',
    erasureColumns: { at: 'Begun', state: 'State', values: 'Sealed values', kept: 'Kept by law', dead: 'Dead in backups from' },
    erasureState: { begun: 'files are being overwritten', done: 'done' },
    noErasures: 'Nobody was erased yet.',
    restrictions: 'Restricted people',
    noRestrictions: 'Nobody is restricted.',
    restrictionColumns: { owner: 'Owner', since: 'Since', why: 'Why' },
    look: 'Look up an address',
    lookHint: '20 a day, then with a second person',
    lookText:
      'Under which numbers a known address stands in events. This is re-identification: it is recorded with your name, always.',
    address: 'Address',
    lookColumns: { domain: 'Domain', value: 'Number', until: 'Until' },
    lookEmpty: 'No key of this time is left: the address cannot be found in events any more.',
  },
}
