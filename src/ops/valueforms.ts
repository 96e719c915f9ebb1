/** The forms in which `get` gives values. */
export const valueForms = ['raw', 'json', 'shell', 'dotenv'] as const;
export type ValueForm = (typeof valueForms)[number];
