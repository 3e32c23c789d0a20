/** What a running agent can name, for a shell to complete. */
export const NAMED = ['node', 'account', 'overlay'] as const;
export type Named = (typeof NAMED)[number];
